import { useId, useMemo } from 'react';
import type { TimeAxis } from '../../shared/chart/axis';
import type { Sample } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';
import type { HostView } from '../../shared/stream/window';
import { laneHeight, laneHole, lanePath, laneWidth, peakOf } from './lane';

interface ProcessState {
  readonly name: 'running' | 'sleeping' | 'zombie' | 'stopped';
  readonly letters: string; // as ps and top write them
  readonly count: (sample: Sample) => number;
}

const states: readonly ProcessState[] = [
  { name: 'running', letters: 'R', count: (sample) => sample.procesos_corriendo },
  { name: 'sleeping', letters: 'S D I P', count: (sample) => sample.procesos_durmiendo },
  { name: 'zombie', letters: 'Z X', count: (sample) => sample.procesos_zombie },
  { name: 'stopped', letters: 'T t', count: (sample) => sample.procesos_parados },
];

interface RowProps {
  readonly host: HostView;
  readonly axis: TimeAxis;
}

interface Props extends RowProps {
  readonly live: boolean; // else the newest sample is not of now
}

/** How many processes are in each state: now, as a share, and over the live window, where rare states stay visible. */
export function ProcessTable({ host, axis, live }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const total = host.latest.row.total_procesos;
  return (
    <section className="card processes" aria-labelledby={heading}>
      <h2 id={heading}>
        {t('processes.title')} ·{' '}
        <span className="now">{t('processes.total', { count: format.count(total) })}</span>
      </h2>
      <table data-testid="process-table" data-total={total} aria-labelledby={heading}>
        <thead>
          <tr>
            <th scope="col">{t('processes.state')}</th>
            <th scope="col" className="number">
              {t(live ? 'processes.now' : 'processes.last')}
            </th>
            <th scope="col">{t('processes.share')}</th>
            <th scope="col" className="meaning">
              {t('processes.meaning')}
            </th>
            <th scope="col" className="history">
              {t('processes.window', { minutes: format.count((axis.to - axis.from) / 60) })}
            </th>
            <th scope="col" className="number">
              {t('processes.peak')}
            </th>
          </tr>
        </thead>
        <tbody>
          {states.map((state) => (
            <StateRow key={state.name} state={state} host={host} axis={axis} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function StateRow({ state, host, axis }: RowProps & { readonly state: ProcessState }) {
  const { t, format } = useI18n();
  const values = useMemo(() => host.points.map(({ row }) => state.count(row)), [host, state]);
  const peak = peakOf(values);
  const peakAt = host.points[peak.index]?.hora;
  const now = state.count(host.latest.row);
  const total = host.latest.row.total_procesos;
  const share = total > 0 ? (100 * now) / total : 0;
  const name = t(`processes.${state.name}`);
  return (
    <tr className={state.name} data-state={state.name} data-some={now > 0}>
      <th scope="row">
        <span className="swatch" aria-hidden="true" />
        {name} <span className="letters">{state.letters}</span>
        <small className="meaning-short">{t(`processes.${state.name}.meaning`)}</small>
      </th>
      <td className="number now" data-testid="count">
        {format.count(now)}
      </td>
      <td>
        <div className="share">
          <svg aria-hidden="true">
            <rect className="bar-track" width="100%" height="100%" rx="3" />
            {now > 0 && (
              <g className="bar-fill">
                {/* One process among thousands is still a process. */}
                <rect width="3" height="100%" rx="1.5" />
                <rect width={`${share}%`} height="100%" rx="3" />
              </g>
            )}
          </svg>
          <span>{format.percent(share)}</span>
        </div>
      </td>
      <td className="meaning">{t(`processes.${state.name}.meaning`)}</td>
      <td className="history">
        <svg
          viewBox={`0 0 ${laneWidth} ${laneHeight}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={t('processes.lane', { state: name, peak: format.count(peak.value) })}
        >
          {axis.holes.map((hole) => (
            <rect key={hole.from} className="lane-hole" {...laneHole(axis, hole)} />
          ))}
          <path className="lane" d={lanePath(axis, values, peak.value)} />
        </svg>
      </td>
      <td className="number peak">
        {peak.value === 0 || peakAt === undefined ? (
          t('processes.never')
        ) : (
          <>
            {format.count(peak.value)} <span className="peak-at">{format.time(peakAt)}</span>
          </>
        )}
      </td>
    </tr>
  );
}
