import './notice.css';

interface Props {
  readonly tone: 'neutral' | 'warning' | 'bad';
  readonly text: string;
  readonly floating?: boolean; // at the foot of the window, so that nothing moves when it comes
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** One sentence above the charts, and what can be done about it. */
export function Notice({ tone, text, floating, action }: Props) {
  return (
    <div className={`notice ${tone}${floating ? ' floating' : ''}`} role="status">
      <p>{text}</p>
      {action && (
        <button type="button" className="switch" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}
