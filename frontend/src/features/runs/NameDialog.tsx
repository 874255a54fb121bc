import { useWords } from '../../shared/runs/words';
import { Dialog } from './Dialog';

interface Props {
  readonly name: string;
  readonly save: (name: string) => void;
  readonly close: () => void;
}

const longest = 120; // characters that the server takes

export function NameDialog({ name, save, close }: Props) {
  const { w } = useWords();
  return (
    <Dialog
      title={w('rename.title')}
      doing={w('rename.save')}
      submit={(form) => save(String(form.get('name')).trim())}
      close={close}
    >
      <input
        className="field"
        name="name"
        aria-label={w('list.name')}
        defaultValue={name}
        maxLength={longest}
        autoComplete="off"
      />
    </Dialog>
  );
}
