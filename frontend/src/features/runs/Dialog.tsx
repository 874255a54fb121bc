import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { useWords } from '../../shared/runs/words';

interface Props {
  readonly title: string;
  readonly doing: string; // what its button does
  readonly submit: (form: FormData) => void;
  readonly close: () => void;
  readonly children: ReactNode;
}

/** A question that must be answered before anything else. */
export function Dialog({ title, doing, submit, close, children }: Props) {
  const { w } = useWords();
  const heading = useId();
  const dialog = useRef<HTMLDialogElement>(null);

  // Closed while it is still on the page, the dialog gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  function answer(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    submit(new FormData(event.currentTarget));
  }

  return (
    <dialog ref={dialog} className="card dialog" aria-labelledby={heading} onCancel={close}>
      <form onSubmit={answer}>
        <h2 id={heading}>{title}</h2>
        {children}
        <div className="actions">
          <button type="button" className="switch" onClick={close}>
            {w('dialog.cancel')}
          </button>
          <button type="submit" className="switch primary">
            {doing}
          </button>
        </div>
      </form>
    </dialog>
  );
}
