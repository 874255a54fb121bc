import { useId } from 'react';
import { useWords } from '../../shared/runs/words';
import { type Fact, protocolFacts, vmFacts } from './facts';
import type { Side } from './side';

/** What was done to what: without it no figure could be got again. */
export function Facts({ side: { run } }: { readonly side: Side }) {
  const words = useWords();
  return (
    <div className="two uneven">
      <FactCard title={words.w('vm.title')} facts={vmFacts(run, words)} />
      <FactCard title={words.w('protocol.title')} facts={protocolFacts(run, words)} />
    </div>
  );
}

function FactCard({ title, facts }: { readonly title: string; readonly facts: readonly Fact[] }) {
  const { w } = useWords();
  const heading = useId();
  return (
    <section className="card" aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      <dl className="run-facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{w(name)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
