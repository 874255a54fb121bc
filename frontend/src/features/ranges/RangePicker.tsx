import { useState } from 'react';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { fixed, live, type Range } from '../../shared/range/range';
import { CustomRange } from './CustomRange';
import './ranges.css';

interface Props {
  readonly range: Range;
  readonly show: (range: Range) => void;
  readonly source: Source;
}

const choices: readonly { readonly range: Range; readonly label: 'range.live' | 'range.1h' | 'range.24h' }[] =
  [
    { range: live, label: 'range.live' },
    { range: { kind: '1h' }, label: 'range.1h' },
    { range: { kind: '24h' }, label: 'range.24h' },
  ];

/** Which stretch of time the page shows. */
export function RangePicker({ range, show, source }: Props) {
  const { t, format } = useI18n();
  const [asking, setAsking] = useState(false);
  const custom =
    range.kind === 'fixed'
      ? `${format.dateTime(range.from)} – ${sameDay(range.from, range.to) ? format.time(range.to) : format.dateTime(range.to)}`
      : t('range.custom');
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a row of joined buttons in every browser
    <div
      className="ranges"
      role="group"
      aria-label={t('range.label')}
      data-testid="range"
      data-range={range.kind}
    >
      {choices.map(({ range: choice, label }) => (
        <button
          key={label}
          type="button"
          aria-pressed={range.kind === choice.kind}
          onClick={() => show(choice)}
        >
          {t(label)}
        </button>
      ))}
      <button
        type="button"
        className="custom"
        aria-pressed={range.kind === 'fixed'}
        aria-haspopup="dialog"
        onClick={() => setAsking(true)}
      >
        {custom}
      </button>
      {asking && (
        <CustomRange
          from={source.frame().from * 1_000}
          to={endOf(range, source.frame().to) * 1_000}
          apply={(from, to) => {
            const chosen = fixed(from, to);
            if (chosen) show(chosen);
            return chosen !== undefined;
          }}
          close={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** The end is not included: where the page follows, the newest sample must lie before it. In whole seconds, as it is typed. */
function endOf({ kind }: Range, to: number): number {
  return kind === 'fixed' ? to : Math.floor(to) + 1;
}

function sameDay(a: number, b: number): boolean {
  return new Date(a).toISOString().slice(0, 10) === new Date(b).toISOString().slice(0, 10);
}
