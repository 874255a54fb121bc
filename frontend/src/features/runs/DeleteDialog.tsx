import { useWords } from '../../shared/runs/words';
import { Dialog } from './Dialog';

interface Props {
  readonly name: string;
  readonly remove: () => void;
  readonly close: () => void;
}

export function DeleteDialog({ name, remove, close }: Props) {
  const { w } = useWords();
  return (
    <Dialog title={w('delete.title')} doing={w('delete.do')} submit={remove} close={close}>
      <p>{w('delete.text', { name })}</p>
    </Dialog>
  );
}
