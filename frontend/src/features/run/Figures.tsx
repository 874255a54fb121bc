import { type ReactNode, useId } from 'react';
import type { RunKey } from '../../shared/runs/es';
import { intervalText, percentileText, signedPercent } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import type { Side } from './side';

/** What the run says in numbers, each with its 95 % interval. */
export function Figures({ side }: { readonly side: Side }) {
  const words = useWords();
  const { w, format, say } = words;
  const heading = useId();
  const { asked, load, carries, breaks, saturation, headroom, bottleneck } = side.verdict;
  const users = (count: number) => w('figures.users', { users: format.count(count) });
  return (
    <section className="card figures-card" aria-labelledby={heading} data-testid="figures">
      <h2 id={heading}>{w('figures.title')}</h2>
      <dl className="run-figures">
        <Figure name={w('figures.asked')} value={users(asked)} id="asked">
          {load
            ? w('figures.askedGets', {
                rate: format.rate(load.requests.value),
                percentile: percentileText(side.objective.percentile, format),
                latency: format.latency(load.latency.value),
                errors: format.share(load.errors.value),
              })
            : w('figures.askedNone')}
        </Figure>
        <Figure name={w('figures.carries')} value={carries && users(carries.users)} id="carries">
          {!carries && `${w('figures.carriesNone')}; `}
          {breaks ? w('figures.breaks', { users: users(breaks.users) }) : w('figures.breaksNone')}
        </Figure>
        <Figure
          name={w('figures.capacity')}
          value={saturation && format.rate(saturation.requests.value)}
          unit={w('figures.capacityUnit')}
          interval={saturation && intervalText(saturation.requests, format.rate, words)}
          id="capacity"
        >
          {!saturation ? w('figures.noSaturation') : saturation.falls && w('figures.falls')}
        </Figure>
        {saturation && (
          <Figure
            name={w('figures.knee')}
            value={users(saturation.users.value)}
            interval={intervalText(saturation.users, format.count, words)}
            id="knee"
          >
            {w('figures.kneeNote')}
          </Figure>
        )}
        {headroom && (
          <Figure
            name={w('figures.headroom')}
            value={signedPercent(headroom.value, format)}
            interval={intervalText(headroom, (value) => signedPercent(value, format), words)}
            id="headroom"
          >
            {w(headroom.value < 0 ? 'figures.beyond' : 'figures.headroomNote')}
          </Figure>
        )}
        {side.run.phase === 1 && (
          <Figure name={w('figures.bottleneck')} value={w(resourceKey(bottleneck.resource))} id="bottleneck">
            <span data-said>{say(bottleneck.reason)}</span>
          </Figure>
        )}
      </dl>
    </section>
  );
}

interface FigureProps {
  readonly id: string;
  readonly name: string;
  readonly value: string | undefined;
  readonly unit?: string;
  readonly interval?: string | undefined;
  readonly children: ReactNode;
}

function Figure({ id, name, value, unit, interval, children }: FigureProps) {
  return (
    <div data-figure={id}>
      <dt>{name}</dt>
      <dd className="figure-value">
        {value ?? '–'}
        {unit && value !== undefined && <small> {unit}</small>}
      </dd>
      {interval && <dd className="figure-interval">{interval}</dd>}
      {children && <dd className="figure-note">{children}</dd>}
    </div>
  );
}

const resources: Readonly<Record<string, RunKey>> = {
  cpu: 'resource.cpu',
  memory: 'resource.memory',
  processes: 'resource.processes',
  application: 'resource.application',
};

export function resourceKey(resource: string): RunKey {
  return resources[resource] ?? 'resource.unknown';
}
