import { useState } from 'react';
import type { Run } from '../../shared/contract/run';
import { runAddress } from '../../shared/range/pages';
import { fixed, writePlace } from '../../shared/range/range';
import { exportAddress, exportName } from '../../shared/runs/api';
import { useWords } from '../../shared/runs/words';
import { useStream } from '../../shared/stream/context';
import { save } from '../../shared/stream/save';
import { PageLink } from '../../shared/ui/PageLink';
import { horaOf } from './points';

interface Props {
  readonly run: Run;
  readonly alone?: boolean;
}

/** What can be done with a run: save it, see its VM at that time, see the run that it replays. */
export function Actions({ run, alone }: Props) {
  const { w } = useWords();
  const { access } = useStream();
  const [failed, setFailed] = useState('');
  const live = liveAddress(run);
  return (
    <p className="run-actions">
      {live && (
        <PageLink href={live} title={w('run.liveHint')}>
          {w('run.live')}
        </PageLink>
      )}
      {run.recording !== '' && (
        <>
          <PageLink href={runAddress(run.recording)}>{w('run.recording')}</PageLink>
          {alone && <PageLink href={runAddress(run.recording, run.id)}>{w('run.beside')}</PageLink>}
        </>
      )}
      <a
        href={exportAddress(run.id)}
        onClick={(event) => {
          if (access.token === undefined) return; // the browser itself saves it
          event.preventDefault();
          setFailed('');
          save(access, exportAddress(run.id), exportName(run.id)).catch((error: unknown) =>
            setFailed(w('list.notDone', { reason: String(error) })),
          );
        }}
      >
        {w('run.export')}
      </a>
      {failed && (
        <span className="wrong" role="alert">
          {failed}
        </span>
      )}
    </p>
  );
}

/** The dashboard at this VM and time, by the VM's clock. */
function liveAddress(run: Run): string | undefined {
  const hora = horaOf(run);
  const range = hora && fixed(hora.from, hora.to + 1);
  return range && `/${writePlace({ host: run.vm.host, range })}`;
}
