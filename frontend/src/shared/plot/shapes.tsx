// What is drawn inside a picture: in a square of `side`, which is stretched to whatever room there is. Strokes are not
// stretched, and a stroke of no length with round ends is a dot that stays round.

export const side = 1_000;

/** A point of a picture: across and up, 0–1. */
export type Spot = readonly [x: number, y: number];

/** Where a share of the axis is in the square, to what can be seen. */
export const x = (share: number) => Math.round(share * side * 10) / 10;
export const y = (share: number) => x(1 - share);

/** Dots, all in one path: there may be thousands. Those on the same place are one. */
export function Dots({ spots, kind }: { readonly spots: readonly Spot[]; readonly kind: string }) {
  const places = new Set(spots.map((spot) => `M${x(spot[0])} ${y(spot[1])}h0`));
  return places.size === 0 ? null : <path className={`dots ${kind}`} d={[...places].join('')} />;
}

export function Curve({ spots, kind }: { readonly spots: readonly Spot[]; readonly kind: string }) {
  return <path className={`curve ${kind}`} d={pathOf(spots)} />;
}

/** Lines that are broken wherever there is nothing, from the foot of the picture filled. */
export function Areas({
  runs,
  kind,
}: {
  readonly runs: readonly (readonly Spot[])[];
  readonly kind: string;
}) {
  const lines = runs.filter(({ length }) => length > 0);
  const fill = lines.map((spots) => {
    const [first, last] = [spots[0]?.[0] ?? 0, spots.at(-1)?.[0] ?? 0];
    return `M${x(first)} ${side}${pathOf(spots).replace('M', 'L')}L${x(last)} ${side}Z`;
  });
  return (
    <g className={`areas ${kind}`}>
      <path className="fill" d={fill.join('')} />
      <path className="curve" d={lines.map(pathOf).join('')} />
    </g>
  );
}

/** Intervals: upright bars from low to high. */
export function Bars({
  bars,
  kind,
}: {
  readonly bars: readonly (readonly [...Spot, number])[];
  readonly kind: string;
}) {
  const path = bars.map(([at, low, high]) => `M${x(at)} ${y(low)}V${y(high)}`).join('');
  return path === '' ? null : <path className={`bars ${kind}`} d={path} />;
}

/** A stretch of the axis across, over the whole height. */
export function Band({
  from,
  to,
  kind,
}: {
  readonly from: number;
  readonly to: number;
  readonly kind: string;
}) {
  return (
    <rect className={`band ${kind}`} x={x(from)} y={0} width={Math.max(x(to) - x(from), 0)} height={side} />
  );
}

function pathOf(spots: readonly Spot[]): string {
  // A single one is seen as a dot.
  const path = spots.map((spot) => `${x(spot[0])} ${y(spot[1])}`).join('L');
  return path === '' ? '' : spots.length === 1 ? `M${path}h0` : `M${path}`;
}
