import { useI18n } from '../../shared/i18n/context';
import type { Condition, Link } from '../../shared/stream/store';

interface Props {
  readonly condition: Condition;
  readonly link: Link;
}

/** Stands where the charts will be until the first row comes, and says what is missing and where to look. */
export function Waiting({ condition, link }: Props) {
  const { t } = useI18n();
  const why =
    condition === 'away'
      ? 'away'
      : condition !== 'connecting'
        ? 'rows'
        : link === 'lost'
          ? 'lost'
          : 'connecting';
  return (
    <section className="card waiting" data-testid="waiting">
      <svg className="waiting-line" viewBox="0 0 240 48" aria-hidden="true">
        <path d="M0 28h84l10-20 18 36 12-24 6 8h110" />
      </svg>
      <h2>{t(`waiting.${why}.title`)}</h2>
      <p>{t(`waiting.${why}.text`)}</p>
      {why === 'rows' && (
        <>
          <p>{t('waiting.rows.demo')}</p>
          <pre>
            <code>make demo</code>
          </pre>
        </>
      )}
      {(why === 'lost' || why === 'away') && (
        <>
          <p>{t('waiting.log')}</p>
          <pre>
            <code>.pulso/logs/socket.log</code>
          </pre>
        </>
      )}
    </section>
  );
}
