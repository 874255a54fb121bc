import { type FormEvent, useEffect, useRef } from 'react';
import { useWords } from '../../shared/runs/words';
import type { Side } from './side';

interface Props {
  readonly side: Side;
  readonly changed: boolean; // it is not the run's own question
  readonly busy: boolean;
  readonly ask: (question: string) => void;
}

/** What "carries" means, and how many users are asked about: a run answers other questions than its own, too. */
export function QuestionForm({ side: { verdict, objective }, changed, busy, ask }: Props) {
  const { w } = useWords();
  const form = useRef<HTMLFormElement>(null);

  // Another answer is of another question, which may have come from the address: the fields follow, and the focus stays.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the verdict is the reason, and not its parts
  useEffect(() => form.current?.reset(), [verdict]);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (name: string) => `${Number(form.get(name))}`;
    const question = new URLSearchParams({
      users: value('users'),
      percentile: value('percentile'),
      latency: `${value('latency')}ms`,
      errors: value('errors'),
    });
    ask(question.toString());
  }

  const fields = [
    { name: 'users', value: verdict.asked, min: 1, max: 1_000_000, step: 1 },
    { name: 'percentile', value: objective.percentile, min: 0.1, max: 99.99, step: 'any' },
    { name: 'latency', value: objective.latency_ms, min: 0.1, max: 600_000, step: 'any' },
    { name: 'errors', value: objective.errors_percent, min: 0, max: 100, step: 'any' },
  ] as const;
  return (
    <form
      ref={form}
      className="question"
      onSubmit={submit}
      aria-label={w('question.title')}
      data-testid="question"
    >
      {fields.map(({ name, value, ...limits }) => (
        <label key={name}>
          {w(`question.${name}`)}
          <input className="field" type="number" name={name} defaultValue={value} required {...limits} />
        </label>
      ))}
      <button type="submit" className="switch" disabled={busy}>
        {w('question.ask')}
      </button>
      {changed && (
        <button type="button" className="switch" onClick={() => ask('')}>
          {w('question.reset')}
        </button>
      )}
    </form>
  );
}
