import { useId } from 'react';
import { Plot } from '../../shared/plot/Plot';
import { halves, linear, type Scale, seconds } from '../../shared/plot/scale';
import { Areas, Band } from '../../shared/plot/shapes';
import { clockText } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import { Legend } from './Legend';
import { ticks } from './LoadCharts';
import { holesOf, type Quantity, stretchesOf } from './points';
import type { Scales, Side } from './side';

interface Props {
  readonly side: Side;
  readonly scales: Scales;
  readonly letter?: string; // of two
}

const quantities: readonly Quantity[] = ['users', 'good', 'failures', 'cpu', 'ram'];

/** The run by second; each quantity has a lane with a scale of its own. */
export function Timeline({ side, scales, letter }: Props) {
  const { w, format } = useWords();
  const heading = useId();
  const { points, run, verdict } = side;
  const time = seconds(scales.length);
  const holes = holesOf(points).map(({ from, to }) => ({ from: time.at(from), to: time.at(to) }));
  const levels = verdict.levels.filter(({ steady }) => steady);
  const shown = quantities.filter((quantity) => points.some((point) => point[quantity] !== undefined));
  return (
    <section className="card timeline" aria-labelledby={heading} data-testid="timeline">
      <h2 id={heading}>
        {letter && <span className="letter">{letter}</span>}
        {w('time.title')}
      </h2>
      {shown.map((quantity, i) => {
        const values = points.flatMap((point) => point[quantity] ?? []);
        const most = values.reduce((a, b) => Math.max(a, b), 0);
        const least = values.reduce((a, b) => Math.min(a, b), most);
        const percent = quantity === 'cpu' || quantity === 'ram';
        const scale: Scale = percent ? halves : linear(1.15 * most, 2);
        const write = percent ? (value: number) => format.percent(value, 0) : format.count;
        const title = w(`time.${quantity}`);
        const last = i === shown.length - 1;
        return (
          <div key={quantity} className={`lane ${quantity}`} data-last={last}>
            <h3>
              {title} <small>{w('time.peak', { value: write(most) })}</small>
            </h3>
            <Plot
              label={w('time.summary', { title, least: write(least), most: write(most) })}
              x={last ? ticks(time, clockText) : []}
              holes={holes}
              y={ticks(scale, write).filter(({ at }, row) => row === 0 || at >= 0.4)}
            >
              {quantity === 'users' &&
                levels.map(({ from, to }) => (
                  <Band key={from} kind="counted" from={time.at(from)} to={time.at(to)} />
                ))}
              <Areas
                kind={quantity}
                runs={stretchesOf(points, quantity, scales.length).map((stretch) =>
                  stretch.map(([second, value]) => [time.at(second), scale.at(value)] as const),
                )}
              />
            </Plot>
          </div>
        );
      })}
      <p className="plot-title">{w('time.clock', { start: format.dateTime(Date.parse(run.start)) })}</p>
      <Legend
        items={[
          levels.length > 0 && ['counted', w('time.levels')],
          holes.length > 0 && ['holes', w('time.holes')],
        ]}
      />
    </section>
  );
}
