import { useId, useMemo, useRef } from 'react';
import type { Column, Frame, FrameSource, Lane } from '../../shared/chart/frame';
import { TimeChart } from '../../shared/chart/TimeChart';
import { type RouteSecond, WindowSeconds } from '../../shared/contract/event';
import { useI18n } from '../../shared/i18n/context';
import { parseTime } from '../../shared/stream/clock';
import { still } from '../../shared/stream/series';
import { type RouteFigures, settledBefore } from './figures';

interface Props {
  readonly seconds: readonly RouteSecond[];
  readonly to: number; // ms since 1970
  readonly routes: readonly RouteFigures[];
}

/** Rows a second of the routes over the last minutes, by the clock of arrival. */
export function RowsChart({ seconds, to, routes }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const apis = useStable(routes.map(({ api, accent }) => ({ api, accent })));
  const lanes = useMemo<Lane[]>(() => {
    const lines = apis.map(({ api, accent }) => ({
      column: api,
      name: t('routes.line', { api }),
      accent,
      steps: true,
    }));
    return [{ lines, format: format.average }];
  }, [apis, t, format]);
  const end = settledBefore(to) / 1_000;
  const frame = useMemo(() => rowsFrame(seconds, names(apis), end), [seconds, apis, end]);
  const source = useMemo<FrameSource>(() => still(frame), [frame]);
  const peaks = names(apis).map((api) =>
    t('routes.peak', { api, rows: format.count(Math.max(0, ...(frame.columns[api] ?? []))) }),
  );
  return (
    <section className="rows-time" aria-labelledby={heading}>
      <header>
        <h3 id={heading}>{t('routes.rateChart')}</h3>
        <ul className="keys" aria-hidden="true">
          {apis.map(({ api, accent }) => (
            <li key={api} className={accent}>
              <span className="swatch" />
              {api}
            </li>
          ))}
        </ul>
      </header>
      <TimeChart
        source={source}
        lanes={lanes}
        clock="recibido"
        title={t('routes.rateChart')}
        summary={`${peaks.join(', ')}.`}
        testId="rows-chart"
      />
    </section>
  );
}

function names(apis: readonly { readonly api: string }[]): string[] {
  return apis.map(({ api }) => api);
}

/** The same object for as long as it says the same. */
function useStable<T>(value: T): T {
  const held = useRef(value);
  if (JSON.stringify(held.current) !== JSON.stringify(value)) held.current = value;
  return held.current;
}

/**
 * The seconds before `end`; those after it are still being counted. A second of which nothing is known, between the
 * first and the last that are, brought no rows.
 */
export function rowsFrame(seconds: readonly RouteSecond[], apis: readonly string[], end: number): Frame {
  const known = seconds
    .map(({ second, api, rows }) => ({ at: parseTime(second) / 1_000, api, rows }))
    .filter(({ at }) => at < end && at >= end - WindowSeconds);
  const first = known[0]?.at ?? end;
  const last = end - 1; // nothing known of the last ones is nothing stored
  const x = Float64Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const columns: Record<string, Column> = Object.fromEntries(
    apis.map((api) => [api, new Float64Array(x.length)]),
  );
  for (const { at, api, rows } of known) {
    const column = columns[api];
    if (column) column[at - first] = rows;
  }
  const length = axes.find((axis) => end - first <= axis) ?? WindowSeconds;
  return { x, columns, holes: [], from: end - length, to: end, spans: false };
}

// As long as those of the live charts of the VM.
const axes = [60, 120, 180, WindowSeconds]; // s
