interface Props {
  readonly percent: number; // 0–100
  readonly text: string; // shown inside
  readonly label: string; // for those who do not see it
}

/** The in-use/free pie, as a ring. */
export function Donut({ percent, text, label }: Props) {
  return (
    <svg className="donut" viewBox="0 0 72 72" role="img" aria-label={label}>
      <circle className="donut-free" cx="36" cy="36" r="31" />
      {percent > 0 && (
        <circle
          className="donut-used"
          cx="36"
          cy="36"
          r="31"
          pathLength="100"
          strokeDasharray={`${percent} 100`}
          transform="rotate(-90 36 36)"
        />
      )}
      <text x="36" y="36">
        {text}
      </text>
    </svg>
  );
}
