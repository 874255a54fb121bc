import { useMemo, useRef } from 'react';
import type { Column, Frame, FrameSource, Lane } from '../../shared/chart/frame';
import { TimeChart } from '../../shared/chart/TimeChart';
import type { RouteSecond } from '../../shared/contract/event';
import { useI18n } from '../../shared/i18n/context';
import { parseTime } from '../../shared/stream/clock';
import { still } from '../../shared/stream/series';

interface Props {
  readonly seconds: readonly RouteSecond[];
  readonly apis: readonly string[];
}

/** Rows a second over the last five minutes, by the clock of arrival. */
export function RowsChart({ seconds, apis }: Props) {
  const { t, format } = useI18n();
  const names = useStable(apis);
  const lanes = useMemo<Lane[]>(
    () => [
      {
        lines: names.map((api, i) => ({
          column: api,
          name: api,
          accent: i < 2 ? api : 'muted',
          steps: true,
          area: true,
        })),
        format: format.average,
      },
    ],
    [names, format],
  );
  const source = useMemo<FrameSource>(() => still(rowsFrame(seconds, names)), [seconds, names]);
  const peak = Math.max(0, ...seconds.map(({ rows }) => rows));
  return (
    <TimeChart
      source={source}
      lanes={lanes}
      clock="recibido"
      title={t('routes.rateChart')}
      summary={t('routes.rateSummary', { peak: format.count(peak) })}
      testId="rows-chart"
    />
  );
}

/** The same array for as long as it says the same. */
function useStable(names: readonly string[]): readonly string[] {
  const held = useRef(names);
  if (held.current.join() !== names.join()) held.current = names;
  return held.current;
}

/** A second of which nothing is known, between the first and the last that are, brought no rows. */
export function rowsFrame(seconds: readonly RouteSecond[], apis: readonly string[]): Frame {
  const at = seconds.map(({ second }) => parseTime(second) / 1_000);
  const first = at[0] ?? 0;
  const last = at.at(-1) ?? 0;
  const length = seconds.length === 0 ? 0 : last - first + 1;
  const x = Float64Array.from({ length }, (_, i) => first + i);
  const columns: Record<string, Column> = Object.fromEntries(
    apis.map((api) => [api, new Float64Array(length)]),
  );
  seconds.forEach(({ api, rows }, i) => {
    const column = columns[api];
    if (column) column[(at[i] ?? first) - first] = rows;
  });
  return { x, columns, holes: [], from: Math.min(first, last - shortest), to: last, spans: false };
}

const shortest = 60; // s, of the axis
