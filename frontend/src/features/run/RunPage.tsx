import { useCallback } from 'react';
import type { Run } from '../../shared/contract/run';
import { goTo, runAddress, runsAddress } from '../../shared/range/pages';
import { useApi, useAsked } from '../../shared/runs/api';
import { nameOf } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import { Notice } from '../../shared/ui/Notice';
import { PageLink } from '../../shared/ui/PageLink';
import { useTitle } from '../../shared/ui/title';
import { Actions } from './Actions';
import { Answer } from './Answer';
import { Comparison } from './Comparison';
import { Evidence } from './Evidence';
import { QuestionForm } from './QuestionForm';
import { RunHead } from './RunHead';
import { sideOf } from './side';
import './run.css';

interface Props {
  readonly id: string;
  readonly other: string | undefined; // side by side with it
  readonly question: string;
}

/** A run's page: the answer first. */
export function RunPage({ id, other, question }: Props) {
  const { w } = useWords();
  const api = useApi();
  const [runs, again] = useAsked(
    useCallback(
      (signal) =>
        Promise.all([id, ...(other === undefined ? [] : [other])].map((each) => api.run(each, signal))),
      [api, id, other],
    ),
  );
  useTitle(runs.state === 'ready' ? runs.value.map(nameOf).join(' · ') : undefined);
  return (
    <div className="run-page">
      <p className="crumbs">
        <PageLink href={runsAddress}>
          <span aria-hidden="true">‹ </span>
          {w('run.back')}
        </PageLink>
      </p>
      {runs.state === 'ready' ? (
        <Asking runs={runs.value} question={question} />
      ) : (
        <Wait
          reason={runs.state === 'failed' ? w('list.failed', { reason: runs.reason }) : undefined}
          again={again}
          label={w('list.retry')}
        />
      )}
    </div>
  );
}

/** Asks what the runs say to a question; while it is asked again, the answer before stays. */
function Asking({ runs, question }: { readonly runs: readonly Run[]; readonly question: string }) {
  const { w } = useWords();
  const api = useApi();
  const [sides, again] = useAsked(
    useCallback(
      (signal) =>
        Promise.all(runs.map(async (run) => sideOf(run, await api.verdict(run.id, question, signal)))),
      [api, runs, question],
    ),
  );
  const ask = (next: string) => goTo(runAddress(runs[0]?.id ?? '', runs[1]?.id, next));
  const [first, second] = sides.value ?? [];
  if (!first) {
    return (
      <Wait
        reason={sides.state === 'failed' ? w('run.verdictFailed', { reason: sides.reason }) : undefined}
        again={question === '' ? again : () => ask('')}
        label={question === '' ? w('list.retry') : w('question.reset')}
      />
    );
  }
  const busy = sides.state === 'loading';
  const form = <QuestionForm side={first} changed={question !== ''} busy={busy} ask={ask} />;
  if (second) {
    return (
      <>
        <section className="card">{form}</section>
        <Comparison sides={[first, second]} actions={(side) => <Actions run={side.run} />} />
      </>
    );
  }
  return (
    <>
      <section className="card" data-testid="run" aria-busy={busy}>
        <RunHead side={first}>
          <Actions run={first.run} alone />
        </RunHead>
        <Answer side={first} />
        {form}
      </section>
      <Evidence side={first} />
    </>
  );
}

interface WaitProps {
  readonly reason: string | undefined; // that it failed
  readonly again: () => void;
  readonly label: string; // of that
}

function Wait({ reason, again, label }: WaitProps) {
  const { w } = useWords();
  if (reason === undefined) return <Notice tone="neutral" text={w('list.loading')} />;
  return <Notice tone="bad" text={reason} action={{ label, run: again }} />;
}
