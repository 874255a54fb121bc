import { useId } from 'react';
import type { Sample } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { type ProcessState, stateFields, states } from '../../shared/stream/series';
import './processes.css';

interface Props {
  readonly source: Source;
  readonly now: Sample | undefined; // undefined where the page shows the past
  readonly live: boolean; // else the newest sample is not of now
}

/** As ps and top write them. */
const letters: Readonly<Record<ProcessState, string>> = {
  running: 'R',
  sleeping: 'S D I P',
  zombie: 'Z X',
  stopped: 'T t',
};

/** How many processes are in each state: now or on the average, as a share, and the extremes of the time that is shown. */
export function ProcessTable({ source, now, live }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const counts = states.map((state) => now?.[stateFields[state]] ?? source.spread(state)?.avg);
  const total = now?.total_procesos ?? sum(counts);
  const count = (value: number) => (now ? format.count(value) : format.average(value));
  return (
    <section className="card processes" aria-labelledby={heading}>
      <h2 id={heading}>
        {t('processes.title')}
        {total !== undefined && (
          <>
            {' · '}
            <span className="now">
              {t(now ? 'processes.total' : 'processes.totalAverage', { count: count(total) })}
            </span>
          </>
        )}
      </h2>
      <table data-testid="process-table" data-total={total} aria-labelledby={heading}>
        <thead>
          <tr>
            <th scope="col">{t('processes.state')}</th>
            <th scope="col" className="number">
              {t(!now ? 'processes.average' : live ? 'processes.now' : 'processes.last')}
            </th>
            <th scope="col">{t('processes.share')}</th>
            <th scope="col" className="meaning">
              {t('processes.meaning')}
            </th>
            <th scope="col" className="number">
              {t('processes.peak')}
            </th>
          </tr>
        </thead>
        <tbody>
          {states.map((state, i) => (
            <StateRow
              key={state}
              state={state}
              source={source}
              count={counts[i]}
              total={total}
              write={count}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RowProps {
  readonly state: ProcessState;
  readonly source: Source;
  readonly count: number | undefined;
  readonly total: number | undefined;
  readonly write: (count: number) => string;
}

function StateRow({ state, source, count, total, write }: RowProps) {
  const { t, format } = useI18n();
  const share = count !== undefined && total ? (100 * count) / total : undefined;
  return (
    <tr className={state} data-state={state} data-some={count !== undefined && count > 0}>
      <th scope="row">
        <span className="swatch" aria-hidden="true" />
        {t(`processes.${state}`)} <span className="letters">{letters[state]}</span>
        <small className="meaning-short">{t(`processes.${state}.meaning`)}</small>
      </th>
      <td className="number now" data-testid="count">
        {count === undefined ? '–' : write(count)}
      </td>
      <td>
        <div className="share">
          <svg aria-hidden="true">
            <rect className="bar-track" width="100%" height="100%" rx="3" />
            {share !== undefined && share > 0 && (
              <g className="bar-fill">
                {/* One process among thousands is still a process. */}
                <rect width="3" height="100%" rx="1.5" />
                <rect width={`${share}%`} height="100%" rx="3" />
              </g>
            )}
          </svg>
          <span>{share === undefined ? '–' : format.share(share)}</span>
        </div>
      </td>
      <td className="meaning">{t(`processes.${state}.meaning`)}</td>
      <td className="number peak">
        <Peak state={state} source={source} />
      </td>
    </tr>
  );
}

/** The highest number and when it was; of the states that should not be, also when there was one last. */
function Peak({ state, source }: { readonly state: ProcessState; readonly source: Source }) {
  const { t, format } = useI18n();
  const spread = source.spread(state);
  if (!spread) return '–';
  if (spread.max === 0) return t('processes.never');
  const { from, to, step = 0 } = source.frame();
  const when = (seconds: number) =>
    to - from > day ? format.dateTime(seconds * 1_000) : format.time(seconds * 1_000);
  const rare = state === 'zombie' || state === 'stopped';
  return (
    <>
      {format.count(spread.max)}{' '}
      <span className="peak-at">
        {step < minute ? when(spread.maxAt) : format.moment(spread.maxAt, step)}
      </span>
      {rare && spread.lastNonZero !== undefined && (
        <small className="last-seen"> {t('processes.lastSeen', { when: when(spread.lastNonZero) })}</small>
      )}
    </>
  );
}

const minute = 60; // s
const day = 86_400;

function sum(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce(
    (all, count) => (all === undefined || count === undefined ? undefined : all + count),
    0,
  );
}
