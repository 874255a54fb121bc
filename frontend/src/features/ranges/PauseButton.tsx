import { useI18n } from '../../shared/i18n/context';

interface Props {
  readonly paused: boolean;
  readonly toggle: () => void;
}

/** Holds the page still; what comes in is counted all the same. */
export function PauseButton({ paused, toggle }: Props) {
  const { t } = useI18n();
  return (
    <button type="button" className="switch pause" data-testid="pause" aria-pressed={paused} onClick={toggle}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={paused ? 'M4 2.5l9 5.5-9 5.5z' : 'M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z'} />
      </svg>
      {t(paused ? 'range.go' : 'range.pause')}
    </button>
  );
}
