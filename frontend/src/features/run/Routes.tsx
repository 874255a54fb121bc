import { useId } from 'react';
import type { Comparison } from '../../shared/contract/verdict';
import { percentileText } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import { Measured } from './Levels';
import { Scroll } from './Scroll';
import type { Side } from './side';

interface Props {
  readonly side: Side;
  readonly routes: Comparison;
}

/** The two routes of a replay, and how sure their difference is. */
export function Routes({ side, routes }: Props) {
  const { w, format, say } = useWords();
  const heading = useId();
  return (
    <section className="card" aria-labelledby={heading} data-testid="run-routes">
      <h2 id={heading}>{w('routes.title')}</h2>
      <p className="routes-sentence" data-said>
        {say(routes.sentence)}
      </p>
      <Scroll name={heading}>
        <table className="numbers named" aria-labelledby={heading}>
          <thead>
            <tr>
              <th scope="col">{w('routes.route')}</th>
              <th scope="col">{w('routes.good')}</th>
              <th scope="col">{percentileText(side.objective.percentile, format)}</th>
              <th scope="col">{w('levels.p50')}</th>
              <th scope="col">{w('levels.p99')}</th>
              <th scope="col">{w('routes.errors')}</th>
            </tr>
          </thead>
          <tbody>
            {routes.routes.map((route) => (
              <tr key={route.name}>
                <th scope="row">
                  <i className={`swatch ${route.name}`} aria-hidden="true" />
                  {route.name}
                  {route.name === routes.faster && <small className="faster"> {w('routes.faster')}</small>}
                </th>
                <td>
                  <Measured of={route.requests} write={format.rate} />
                </td>
                <td>
                  <Measured of={route.latency} write={format.latency} />
                </td>
                <td>{format.latency(route.p50)}</td>
                <td>{format.latency(route.p99)}</td>
                <td>
                  <Measured of={route.errors} write={format.share} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}
