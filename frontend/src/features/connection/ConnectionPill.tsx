import { useI18n } from '../../shared/i18n/context';
import type { Key } from '../../shared/i18n/es';
import { useAge } from '../../shared/stream/context';
import type { Condition, Link } from '../../shared/stream/store';
import './connection.css';

type Tone = 'good' | 'warning' | 'bad' | 'neutral';

interface Props {
  readonly host: string | undefined; // the VM that is shown
  readonly condition: Condition;
  readonly link: Link;
}

/** Whether the numbers are to be trusted now, in a colour and in words, and how old the newest row is. */
export function ConnectionPill({ host, condition, link }: Props) {
  const { t, format } = useI18n();
  const age = useAge(host, condition);
  const { tone, words } = judge(condition, link, age === undefined);
  return (
    <p className={`pill ${tone}`} data-testid="conn" data-state={condition}>
      <span className="dot" aria-hidden="true" />
      {/* Only the words are announced, when they change; the age changes every second. */}
      <span role="status">{t(words)}</span>
      {age !== undefined && <span className="pill-age">{t('conn.age', { age: format.age(age) })}</span>}
    </p>
  );
}

function judge(condition: Condition, link: Link, empty: boolean): { tone: Tone; words: Key } {
  switch (condition) {
    case 'live':
      return { tone: 'good', words: 'conn.live' };
    case 'stale':
      return { tone: 'warning', words: empty ? 'conn.waiting' : 'conn.stale' };
    case 'away':
      return { tone: 'bad', words: 'conn.away' };
    case 'connecting':
      if (link === 'refused') return { tone: 'bad', words: 'conn.refused' };
      return link === 'lost'
        ? { tone: 'bad', words: 'conn.lost' }
        : { tone: 'neutral', words: 'conn.connecting' };
  }
}
