import type { ReactNode } from 'react';
import { nameOf, objectiveText } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import type { Side } from './side';

interface Props {
  readonly side: Side;
  readonly letter?: string; // of two
  readonly children?: ReactNode; // what can be done with it
}

/** Which run this is, and what is asked of it. */
export function RunHead({ side: { run, verdict, objective }, letter, children }: Props) {
  const words = useWords();
  const { w, format } = words;
  return (
    <header className="run-head">
      <h2>
        {letter && <span className="letter">{letter}</span>}
        {nameOf(run)}
      </h2>
      <p>
        {[
          run.vm.host || w('vm.unknown'),
          run.vm.machine,
          w(run.phase === 2 ? 'phase.2' : 'phase.1'),
          `${format.dateTime(Date.parse(run.start))} UTC`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
      <p>
        {w('figures.users', { users: format.count(verdict.asked) })} · {w('compare.objective')}:{' '}
        {objectiveText(objective, words)}
      </p>
      {children}
    </header>
  );
}
