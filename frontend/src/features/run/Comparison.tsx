import { type ReactNode, useId } from 'react';
import { objectiveText, percentileText, signedPercent } from '../../shared/runs/text';
import { useWords, type Words } from '../../shared/runs/words';
import { Answer, answerKey } from './Answer';
import { Loads } from './Evidence';
import { resourceKey } from './Figures';
import { protocolFacts, vmFacts } from './facts';
import { RunHead } from './RunHead';
import { Scroll } from './Scroll';
import { hasLevels, type Side, scalesOf } from './side';
import { Timeline } from './Timeline';
import './run.css';

interface Props {
  readonly sides: readonly [Side, Side];
  readonly actions?: (side: Side) => ReactNode;
}

const letters = ['A', 'B'] as const;

/** Two runs side by side, on the same axes. */
export function Comparison({ sides, actions }: Props) {
  const scales = scalesOf(sides);
  return (
    <>
      <div className="two">
        {sides.map((side, i) => (
          <section key={letters[i]} className="card">
            <RunHead side={side} letter={letters[i] ?? ''}>
              {actions?.(side)}
            </RunHead>
            <Answer side={side} />
          </section>
        ))}
      </div>
      <Differences sides={sides} />
      {sides.some(hasLevels) && <Loads sides={sides} />}
      <div className="two">
        {sides.map((side, i) => (
          <Timeline key={letters[i]} side={side} scales={scales} letter={letters[i] ?? ''} />
        ))}
      </div>
    </>
  );
}

/** Every figure and every fact of both; what differs is seen at once. */
function Differences({ sides }: Pick<Props, 'sides'>) {
  const words = useWords();
  const { w } = words;
  const heading = useId();
  const [a, b] = sides.map((side) => rowsOf(side, words));
  const names = [...new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])];
  return (
    <section className="card" aria-labelledby={heading} data-testid="differences">
      <h2 id={heading}>{w('compare.title')}</h2>
      <Scroll name={heading}>
        <table className="numbers compare" aria-labelledby={heading}>
          <thead>
            <tr>
              <th scope="col">{w('compare.figure')}</th>
              {letters.map((letter) => (
                <th key={letter} scope="col">
                  {letter}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((name) => {
              const [one = '–', other = '–'] = [a?.get(name), b?.get(name)];
              return (
                <tr key={name} className={one === other ? 'same' : 'differs'}>
                  <th scope="row">{name}</th>
                  <td>{one}</td>
                  <td>{other}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function rowsOf(side: Side, words: Words): Map<string, string> {
  const { w, format } = words;
  const { answer, asked, load, carries, saturation, headroom, bottleneck } = side.verdict;
  const users = (count: number) => w('figures.users', { users: format.count(count) });
  const spread = (
    estimate: { value: number; low: number; high: number } | undefined,
    write: (value: number) => string,
  ) =>
    estimate
      ? `${write(estimate.value)} (${write(estimate.low)}–${write(estimate.high)})`
      : w('figures.none');
  const percentile = percentileText(side.objective.percentile, format);
  const facts = [...vmFacts(side.run, words), ...protocolFacts(side.run, words)].filter(
    ([name]) => name !== 'protocol.users' && name !== 'compare.objective',
  );
  return new Map([
    [w('compare.answer'), w(answerKey(answer))],
    [w('figures.asked'), users(asked)],
    [w('compare.objective'), objectiveText(side.objective, words)],
    [w('compare.p', { percentile }), load ? format.latency(load.latency.value) : w('figures.askedNone')],
    [w('figures.carries'), carries ? users(carries.users) : w('figures.carriesNone')],
    [`${w('figures.capacity')}, ${w('figures.capacityUnit')}`, spread(saturation?.requests, format.rate)],
    [w('figures.knee'), spread(saturation?.users, format.count)],
    [w('figures.headroom'), spread(headroom, (value) => signedPercent(value, format))],
    [w('figures.bottleneck'), w(resourceKey(bottleneck.resource))],
    ...facts.map(([name, text]) => [w(name === 'vm.host' ? 'list.vm' : name), text] as const),
  ]);
}
