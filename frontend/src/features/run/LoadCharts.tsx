import type { Level } from '../../shared/contract/verdict';
import { type Mark, Plot, type Tick } from '../../shared/plot/Plot';
import { percents, type Scale } from '../../shared/plot/scale';
import { Bars, Curve, Dots, type Spot } from '../../shared/plot/shapes';
import { exactMs, percentileText } from '../../shared/runs/text';
import { useWords, type Words } from '../../shared/runs/words';
import { Legend } from './Legend';
import type { Scales, Side } from './side';

interface Props {
  readonly side: Side;
  readonly scales: Scales;
  readonly letter?: string | undefined; // of two
}

/** How many good answers a second so many users got. */
export function ThroughputChart({ side, scales, letter }: Props) {
  const words = useWords();
  const { w, format } = words;
  const { users, throughput } = scales;
  const { law, saturation } = side.verdict;
  const { steady, other } = levelsOf(side);
  const place = ({ users: n, requests }: Level): Spot => [users.at(n), throughput.at(requests.value)];
  const capacity: Mark[] = saturation
    ? [
        {
          kind: 'capacity',
          text: w('chart.capacity', { rate: format.rate(saturation.requests.value) }),
          ...interval(saturation.requests, throughput),
        },
      ]
    : [];
  const title = w('chart.throughput');
  return (
    <figure className="load throughput">
      <h3>
        {letter && <span className="letter">{letter}</span>}
        {title}
      </h3>
      <Plot
        label={summary(title, steady, (level) => `${format.rate(level.requests.value)}/s`, words)}
        x={ticks(users, format.count)}
        y={ticks(throughput, format.average)}
        xTitle={w('chart.users')}
        uprights={uprights(side, users, words)}
        levels={capacity}
      >
        <Dots
          kind="second"
          spots={side.points.map(({ users: n, good }) => [users.at(n), throughput.at(good)])}
        />
        {law?.applies && (
          <Curve
            kind="law"
            spots={Array.from({ length: 101 }, (_, i) => {
              const n = 1 + (i / 100) * (users.max - 1);
              const { lambda, sigma, kappa } = law;
              const rate = (lambda.value * n) / (1 + sigma.value * (n - 1) + kappa.value * n * (n - 1));
              return [users.at(n), throughput.at(rate)] as const;
            })}
          />
        )}
        <Bars kind="level" bars={steady.map((level) => barOf(level, level.requests, users, throughput))} />
        <Rings spots={other.map(place)} />
        <Dots kind="level" spots={steady.map(place)} />
      </Plot>
      <Legend
        items={[
          ['level', w('chart.level')],
          other.length > 0 && ['unsteady', w('chart.unsteady')],
          ['second', w('chart.second')],
          law?.applies && ['law', w('chart.law')],
        ]}
      />
    </figure>
  );
}

/** How long good answers took with so many users. */
export function LatencyChart({ side, scales, letter }: Props) {
  const words = useWords();
  const { w, format } = words;
  const { users, latency } = scales;
  const { steady, other } = levelsOf(side);
  const percentile = percentileText(side.objective.percentile, format);
  const place = (level: Level): Spot => [users.at(level.users), latency.at(level.latency.value)];
  const known = (level: Level) => level.latency.value > 0;
  const objective: Mark = {
    kind: 'objective',
    text: w('chart.objective', { percentile, latency: exactMs(side.objective.latency_ms, format) }),
    at: latency.at(side.objective.latency_ms),
  };
  const title = w('chart.latency');
  return (
    <figure className="load latency">
      <h3>
        {letter && <span className="letter">{letter}</span>}
        {title}
      </h3>
      <Plot
        label={summary(title, steady, (level) => format.latency(level.latency.value), words)}
        x={ticks(users, format.count)}
        y={ticks(latency, format.latencyTick)}
        xTitle={w('chart.users')}
        uprights={uprights(side, users, words)}
        levels={[objective]}
      >
        <Dots
          kind="second"
          spots={side.points.flatMap(({ users: n, latency: ms }) =>
            ms === undefined ? [] : [[users.at(n), latency.at(ms)] as const],
          )}
        />
        <Dots
          kind="median"
          spots={steady
            .filter(({ p50 }) => p50 > 0)
            .map(({ users: n, p50 }) => [users.at(n), latency.at(p50)])}
        />
        <Bars
          kind="level"
          bars={steady.filter(known).map((level) => barOf(level, level.latency, users, latency))}
        />
        <Rings spots={other.filter(known).map(place)} />
        <Dots kind="level" spots={steady.filter(known).map(place)} />
      </Plot>
      <Legend
        items={[
          ['level', w('chart.quantile', { percentile })],
          ['median', w('chart.median')],
          other.length > 0 && ['unsteady', w('chart.unsteady')],
          ['second', w('chart.second')],
        ]}
      />
    </figure>
  );
}

/** How busy the VM was with so many users. */
export function ResourceChart({
  side,
  scales,
  letter,
  resource,
}: Props & { readonly resource: 'cpu' | 'ram' }) {
  const words = useWords();
  const { w, format } = words;
  const { users } = scales;
  const { steady, other } = levelsOf(side);
  const known = (level: Level) => level[resource] >= 0;
  const place = (level: Level): Spot => [users.at(level.users), percents.at(level[resource])];
  const title = w(`chart.${resource}`);
  return (
    <figure className={`load ${resource}`}>
      <h3>
        {letter && <span className="letter">{letter}</span>}
        {title}
      </h3>
      <Plot
        label={summary(title, steady.filter(known), (level) => format.percent(level[resource]), words)}
        x={ticks(users, format.count)}
        y={ticks(percents, (value) => format.percent(value, 0))}
        xTitle={w('chart.users')}
        uprights={uprights(side, users, words)}
      >
        <Dots
          kind="second"
          spots={side.points.flatMap((point) => {
            const value = point[resource];
            return value === undefined ? [] : [[users.at(point.users), percents.at(value)] as const];
          })}
        />
        <Rings spots={other.filter(known).map(place)} />
        <Dots kind="level" spots={steady.filter(known).map(place)} />
      </Plot>
      <Legend
        items={[
          ['level', w('chart.levelPlain')],
          other.length > 0 && ['unsteady', w('chart.unsteady')],
          ['second', w('chart.second')],
        ]}
      />
    </figure>
  );
}

/** Levels that did not hold are seen, and are not taken for those that did. */
function Rings({ spots }: { readonly spots: readonly Spot[] }) {
  return (
    <>
      <Dots kind="ring" spots={spots} />
      <Dots kind="hole" spots={spots} />
    </>
  );
}

function levelsOf({ verdict }: Side): { steady: Level[]; other: Level[] } {
  return {
    steady: verdict.levels.filter(({ steady }) => steady),
    other: verdict.levels.filter(({ steady }) => !steady),
  };
}

function uprights({ verdict }: Side, users: Scale, { w, format }: Words): Mark[] {
  const knee = verdict.saturation?.users;
  return [
    {
      kind: 'asked',
      text: w('chart.asked', { users: format.count(verdict.asked) }),
      at: users.at(verdict.asked),
    },
    ...(knee && knee.value <= users.max
      ? [
          {
            kind: 'knee',
            text: w('chart.knee', { users: format.count(knee.value) }),
            ...interval(knee, users),
          },
        ]
      : []),
  ];
}

function interval({ value, low, high }: { value: number; low: number; high: number }, { at }: Scale) {
  return { at: at(value), low: at(low), high: at(high) };
}

function barOf(
  { users: n }: Level,
  { low, high }: { low: number; high: number },
  users: Scale,
  scale: Scale,
) {
  return [users.at(n), scale.at(low), scale.at(high)] as const;
}

export function ticks({ at, ticks }: Scale, write: (value: number) => string): Tick[] {
  return ticks.map((value) => ({ at: at(value), text: write(value) }));
}

function summary(
  title: string,
  levels: readonly Level[],
  write: (level: Level) => string,
  { w, format }: Words,
): string {
  const ordered = levels.toSorted((a, b) => a.users - b.users);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (!first || !last) return w('chart.summaryNone', { title });
  const point = (level: Level) =>
    w('chart.summaryAt', { value: write(level), users: format.count(level.users) });
  return w('chart.summary', {
    title,
    levels: format.count(levels.length),
    first: point(first),
    last: point(last),
  });
}
