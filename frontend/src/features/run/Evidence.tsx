import { useId } from 'react';
import { useWords } from '../../shared/runs/words';
import { Facts } from './Facts';
import { Figures } from './Figures';
import { Levels } from './Levels';
import { LatencyChart, ResourceChart, ThroughputChart } from './LoadCharts';
import { Routes } from './Routes';
import { hasLevels, type Side, scalesOf } from './side';
import { Timeline } from './Timeline';
import './run.css';

/** All that stands under the answer, in the order in which a doubting person asks. Pure: a report has the same. */
export function Evidence({ side }: { readonly side: Side }) {
  const scales = scalesOf([side]);
  const { routes } = side.verdict;
  return (
    <>
      {routes && <Routes side={side} routes={routes} />}
      <Figures side={side} />
      {hasLevels(side) && <Loads sides={[side]} />}
      <Timeline side={side} scales={scales} />
      <Levels side={side} />
      <Facts side={side} />
    </>
  );
}

/** The pictures against users; of two runs those of one quantity stand beside one another. */
export function Loads({ sides }: { readonly sides: readonly Side[] }) {
  const { w } = useWords();
  const heading = useId();
  const scales = scalesOf(sides);
  const watched = sides.some(({ points }) => points.some(({ cpu }) => cpu !== undefined));
  const charts = [
    ['throughput', ThroughputChart],
    ['latency', LatencyChart],
    ...(watched
      ? ([
          ['cpu', CpuChart],
          ['ram', RamChart],
        ] as const)
      : []),
  ] as const;
  return (
    <section className="card loads" aria-labelledby={heading} data-testid="loads">
      <h2 id={heading}>{w('chart.against')}</h2>
      <div className="two">
        {charts.map(([name, Chart]) =>
          sides.map((side, i) => (
            <Chart
              key={`${name} ${side.run.id}`}
              side={side}
              scales={scales}
              letter={sides.length > 1 ? 'AB'[i] : undefined}
            />
          )),
        )}
      </div>
      <p className="note">{w('chart.clocks')}</p>
    </section>
  );
}

function CpuChart(props: Parameters<typeof ThroughputChart>[0]) {
  return <ResourceChart {...props} resource="cpu" />;
}

function RamChart(props: Parameters<typeof ThroughputChart>[0]) {
  return <ResourceChart {...props} resource="ram" />;
}
