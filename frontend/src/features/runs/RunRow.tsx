import { useState } from 'react';
import type { Header } from '../../shared/contract/run';
import { runAddress } from '../../shared/range/pages';
import { exportAddress, exportName, useApi } from '../../shared/runs/api';
import { lengthText, nameOf } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';
import { useStream } from '../../shared/stream/context';
import { save } from '../../shared/stream/save';
import { PageLink } from '../../shared/ui/PageLink';
import { DeleteDialog } from './DeleteDialog';
import { NameDialog } from './NameDialog';

interface Props {
  readonly run: Header;
  readonly chosen: boolean;
  readonly toggle: () => void;
  readonly changed: () => void; // the list is to be asked for again
}

export function RunRow({ run, chosen, toggle, changed }: Props) {
  const { w, format } = useWords();
  const api = useApi();
  const { access } = useStream();
  const [open, setOpen] = useState<'rename' | 'delete'>();
  const [failed, setFailed] = useState('');
  const name = nameOf(run);

  async function change(work: Promise<void>): Promise<void> {
    setOpen(undefined);
    setFailed('');
    try {
      await work;
    } catch (error) {
      setFailed(w('list.notDone', { reason: error instanceof Error ? error.message : String(error) }));
    }
  }

  const changeAndLook = (work: Promise<void>) => void change(work.then(changed));
  return (
    <tr data-run={run.id}>
      <td className="choice">
        <input type="checkbox" checked={chosen} onChange={toggle} aria-label={w('list.choose', { name })} />
      </td>
      <th scope="row">
        <PageLink href={runAddress(run.id)}>{name}</PageLink>
        {failed && (
          <span className="wrong" role="alert">
            {failed}
          </span>
        )}
      </th>
      <td data-name={w('list.vm')}>
        {run.vm.host || w('vm.unknown')}
        {run.vm.machine && <small> {run.vm.machine}</small>}
      </td>
      <td data-name={w('list.phase')}>{w(run.phase === 2 ? 'phase.2' : 'phase.1')}</td>
      <td data-name={w('list.when')}>{format.dateTime(Date.parse(run.start))}</td>
      <td data-name={w('list.users')} className="number">
        {format.count(run.protocol.users)}
      </td>
      <td data-name={w('list.length')} className="number">
        {lengthText((Date.parse(run.end) - Date.parse(run.start)) / 1_000)}
      </td>
      <td className="row-actions">
        <button
          type="button"
          className="quiet"
          aria-label={w('list.renameOf', { name })}
          onClick={() => setOpen('rename')}
        >
          {w('list.rename')}
        </button>
        <button
          type="button"
          className="quiet"
          aria-label={w('list.exportOf', { name })}
          onClick={() => void change(save(access, exportAddress(run.id), exportName(run.id)))}
        >
          {w('list.export')}
        </button>
        <button
          type="button"
          className="quiet"
          aria-label={w('list.deleteOf', { name })}
          onClick={() => setOpen('delete')}
        >
          {w('list.delete')}
        </button>
        {open === 'rename' && (
          <NameDialog
            name={run.name}
            save={(next) => changeAndLook(api.rename(run.id, next))}
            close={() => setOpen(undefined)}
          />
        )}
        {open === 'delete' && (
          <DeleteDialog
            name={name}
            remove={() => changeAndLook(api.remove(run.id))}
            close={() => setOpen(undefined)}
          />
        )}
      </td>
    </tr>
  );
}
