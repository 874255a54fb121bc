import { useCallback, useState } from 'react';
import type { Header } from '../../shared/contract/run';
import { goTo, runAddress } from '../../shared/range/pages';
import { useApi, useAsked } from '../../shared/runs/api';
import { useWords } from '../../shared/runs/words';
import { Notice } from '../../shared/ui/Notice';
import { useTitle } from '../../shared/ui/title';
import { ImportButton } from './ImportButton';
import { RunRow } from './RunRow';
import '../../shared/ui/message.css';
import './runs.css';

/** All runs, the newest first. */
export function RunList() {
  const { w } = useWords();
  useTitle(w('list.title'));
  const api = useApi();
  const [asked, again] = useAsked(useCallback((signal) => api.list(signal), [api]));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const runs = asked.value?.runs ?? [];
  const both = chosen.filter((id) => runs.some((run) => run.id === id));
  const [first = '', second] = both;

  function toggle({ id }: Header): void {
    setChosen(both.includes(id) ? both.filter((each) => each !== id) : [...both, id].slice(-2));
  }

  if (asked.state === 'failed') {
    return (
      <Notice
        tone="bad"
        text={w('list.failed', { reason: asked.reason })}
        action={{ label: w('list.retry'), run: again }}
      />
    );
  }
  if (asked.value === undefined) return <Notice tone="neutral" text={w('list.loading')} />;
  return (
    <section className="card runs" aria-labelledby="runs" data-testid="runs">
      <header className="runs-head">
        <h2 id="runs">{w('list.title')}</h2>
        <p>{w('list.intro')}</p>
        <ImportButton done={again} />
      </header>
      {runs.length === 0 ? (
        <div className="message runs-none">
          <h2>{w('list.empty')}</h2>
          <p>{w('list.emptyText')}</p>
        </div>
      ) : (
        <>
          <table aria-labelledby="runs">
            <thead>
              <tr>
                <td />
                <th scope="col">{w('list.name')}</th>
                <th scope="col">{w('list.vm')}</th>
                <th scope="col">{w('list.phase')}</th>
                <th scope="col">{w('list.when')}</th>
                <th scope="col" className="number">
                  {w('list.users')}
                </th>
                <th scope="col" className="number">
                  {w('list.length')}
                </th>
                <th scope="col">
                  <span className="visually-hidden">{w('list.actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <RunRow
                  key={run.id}
                  run={run}
                  chosen={both.includes(run.id)}
                  toggle={() => toggle(run)}
                  changed={again}
                />
              ))}
            </tbody>
          </table>
          <footer className="runs-foot">
            {runs.length > 1 && (
              <>
                <button
                  type="button"
                  className="switch"
                  disabled={second === undefined}
                  onClick={() => goTo(runAddress(first, second))}
                >
                  {w('list.compare')}
                </button>
                <span>{w('list.compareHint')}</span>
              </>
            )}
            {asked.value.more && <span>{w('list.more')}</span>}
          </footer>
        </>
      )}
    </section>
  );
}
