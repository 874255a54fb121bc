import { type ChangeEvent, useRef, useState } from 'react';
import { longestImport, useApi } from '../../shared/runs/api';
import { nameOf } from '../../shared/runs/text';
import { useWords } from '../../shared/runs/words';

/** Takes a run that was exported, here or elsewhere. */
export function ImportButton({ done }: { readonly done: () => void }) {
  const { w } = useWords();
  const api = useApi();
  const input = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState({ text: '', failed: false });

  async function bring(event: ChangeEvent<HTMLInputElement>): Promise<void> {
    const field = event.currentTarget;
    const file = field.files?.[0];
    if (!file) return;
    try {
      if (file.size > longestImport) throw new Error(w('list.tooLong'));
      const run = await api.bring(file);
      setSaid({ text: w('list.imported', { name: nameOf(run) }), failed: false });
      done();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      setSaid({ text: w('list.importFailed', { file: file.name, reason }), failed: true });
    } finally {
      field.value = ''; // the same file may be chosen again
    }
  }

  return (
    <div className="import">
      <button type="button" className="switch" onClick={() => input.current?.click()}>
        {w('list.import')}
      </button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        onChange={(event) => void bring(event)}
        data-testid="import"
      />
      <p className={said.failed ? 'wrong' : 'note'} role="status">
        {said.text}
      </p>
    </div>
  );
}
