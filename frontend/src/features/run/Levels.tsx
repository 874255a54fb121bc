import { useId } from 'react';
import type { Estimate, Level } from '../../shared/contract/verdict';
import { clockText, percentileText } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import { Sign } from './Answer';
import { Scroll } from './Scroll';
import type { Side } from './side';

/** The same levels as numbers. */
export function Levels({ side }: { readonly side: Side }) {
  const { w, format } = useWords();
  const heading = useId();
  const { levels } = side.verdict;
  return (
    <section className="card levels-card" aria-labelledby={heading}>
      <h2 id={heading}>{w('levels.title')}</h2>
      {levels.length === 0 ? (
        <p className="note">{w('levels.none')}</p>
      ) : (
        <>
          <Scroll name={heading}>
            <table className="numbers" data-testid="levels" aria-labelledby={heading}>
              <thead>
                <tr>
                  <th scope="col">{w('levels.users')}</th>
                  <th scope="col">{w('levels.time')}</th>
                  <th scope="col">{w('levels.good')}</th>
                  <th scope="col">{percentileText(side.objective.percentile, format)}</th>
                  <th scope="col">{w('levels.p50')}</th>
                  <th scope="col">{w('levels.p99')}</th>
                  <th scope="col">{w('levels.errors')}</th>
                  <th scope="col">{w('levels.meets')}</th>
                  <th scope="col">{w('time.cpu')}</th>
                  <th scope="col">{w('time.ram')}</th>
                  <th scope="col">{w('levels.running')}</th>
                  <th scope="col">{w('levels.processes')}</th>
                  <th scope="col" title={w('levels.generatorHint')}>
                    {w('levels.generator')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {levels.map((level) => (
                  <LevelRow key={level.from} level={level} />
                ))}
              </tbody>
            </table>
          </Scroll>
          <p className="note">{w('levels.note')}</p>
        </>
      )}
    </section>
  );
}

function LevelRow({ level }: { readonly level: Level }) {
  const { w, format, say } = useWords();
  const percent = (value: number) => (value < 0 ? '–' : format.percent(value));
  const count = (value: number) => (value < 0 ? '–' : format.average(value));
  const meets = level.meets === 'yes' || level.meets === 'no' ? level.meets : 'unknown';
  return (
    <>
      <tr data-steady={level.steady}>
        <th scope="row">{format.count(level.users)}</th>
        <td>
          {clockText(level.from)}–{clockText(level.to)}
        </td>
        <td>
          <Measured of={level.requests} write={format.rate} />
        </td>
        <td>
          <Measured of={level.latency} write={format.latency} />
        </td>
        <td>{format.latency(level.p50)}</td>
        <td>{format.latency(level.p99)}</td>
        <td>{format.share(level.errors.value)}</td>
        <td className={`meets ${meets}`}>
          <Sign answer={meets} /> {w(`levels.${meets}`)}
        </td>
        <td>{percent(level.cpu)}</td>
        <td>{percent(level.ram)}</td>
        <td>{count(level.running)}</td>
        <td>{count(level.processes)}</td>
        <td>{percent(level.generator)}</td>
      </tr>
      {!level.steady && (
        <tr className="reason" data-steady="false">
          <td colSpan={13}>{w('levels.notSteady', { reason: say(level.reason) })}</td>
        </tr>
      )}
    </>
  );
}

interface MeasuredProps {
  readonly of: Estimate;
  readonly write: (value: number) => string;
}

export function Measured({ of: { value, low, high }, write }: MeasuredProps) {
  return (
    <>
      {write(value)}
      {low !== high && (
        <small>
          {' '}
          ({write(low)}–{write(high)})
        </small>
      )}
    </>
  );
}
