import { type FormEvent, useId, useLayoutEffect, useRef, useState } from 'react';
import { useI18n } from '../../shared/i18n/context';

interface Props {
  readonly from: number; // ms since 1970, what the page showed when this was opened
  readonly to: number;
  readonly apply: (from: number, to: number) => boolean; // false where that is no time
  readonly close: () => void;
}

/** Asks for a time by its two ends, on the VM's clock. */
export function CustomRange({ from, to, apply, close }: Props) {
  const { t } = useI18n();
  const heading = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [wrong, setWrong] = useState(false);
  // The page goes on beneath; the fields stay.
  const [first] = useState({ from: fieldValue(from), to: fieldValue(to) });

  // Closed while it is still on the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const right = apply(readField(form.get('from')), readField(form.get('to')));
    setWrong(!right);
    if (right) close();
  }

  return (
    <dialog ref={dialog} className="card custom-range" aria-labelledby={heading} onCancel={close}>
      <form onSubmit={submit}>
        <h2 id={heading}>{t('range.customTitle')}</h2>
        <label>
          {t('range.from')}
          <input
            className="field"
            type="datetime-local"
            name="from"
            step="1"
            required
            defaultValue={first.from}
          />
        </label>
        <label>
          {t('range.to')}
          <input
            className="field"
            type="datetime-local"
            name="to"
            step="1"
            required
            defaultValue={first.to}
          />
        </label>
        <p className="hint">{t('range.utc')}</p>
        <p className="wrong" role="alert">
          {wrong && t('range.wrong')}
        </p>
        <div className="actions">
          <button type="button" className="switch" onClick={close}>
            {t('range.cancel')}
          </button>
          <button type="submit" className="switch primary">
            {t('range.apply')}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** The field knows no zone; we say that it is UTC. */
function readField(value: FormDataEntryValue | null): number {
  return typeof value === 'string' ? Date.parse(`${value}Z`) : Number.NaN;
}

function fieldValue(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}
