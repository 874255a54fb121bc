import { useI18n } from '../../shared/i18n/context';
import type { Condition, Link } from '../../shared/stream/store';
import '../../shared/ui/message.css';

interface Props {
  readonly condition: Condition;
  readonly link: Link;
  readonly unknownHost: string | undefined; // the address names it, and only others send
  readonly local: boolean; // started with make demo, or as that would
}

type Why = 'connecting' | 'lost' | 'away' | 'rows' | 'host';

/** Stands where the charts will be until the first row comes, and says what is missing and where to look. */
export function Waiting({ condition, link, unknownHost, local }: Props) {
  const { t } = useI18n();
  const why = unknownHost === undefined ? reason(condition, link) : 'host';
  return (
    <section className="card message" data-testid="waiting">
      <svg className="message-line" viewBox="0 0 240 48" aria-hidden="true">
        <path d="M0 28h84l10-20 18 36 12-24 6 8h110" />
      </svg>
      <h2>{t(`waiting.${why}.title`, { host: unknownHost || t('host.unnamed') })}</h2>
      <p>{t(`waiting.${why}.text`)}</p>
      {local && <Hint why={why} />}
    </section>
  );
}

function reason(condition: Condition, link: Link): Why {
  if (condition === 'away') return 'away';
  if (condition !== 'connecting') return 'rows';
  return link === 'lost' ? 'lost' : 'connecting';
}

/** What to do about it on this machine. */
function Hint({ why }: { readonly why: Why }) {
  const { t } = useI18n();
  if (why === 'connecting' || why === 'host') return null;
  return (
    <>
      <p>{t(why === 'rows' ? 'waiting.rows.demo' : 'waiting.log')}</p>
      <pre>
        <code>{why === 'rows' ? 'make demo' : '.pulso/logs/socket.log'}</code>
      </pre>
    </>
  );
}
