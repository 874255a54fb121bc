import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { Access } from './access';
import type { Portal } from './portal';
import type { Condition, Link, StreamStore, View } from './store';

/** What components know of the server. */
export interface Stream {
  readonly store: StreamStore;
  readonly portal: Portal;
  readonly access: Access;
}

export const StreamContext = createContext<Stream | undefined>(undefined);

export function useStream(): Stream {
  const stream = useContext(StreamContext);
  if (!stream) throw new Error('no StreamContext above this component');
  return stream;
}

/** What the page writes now; changes a few times a second at most. */
export function useView(): View {
  const { store } = useStream();
  return useSyncExternalStore(store.subscribe, store.view);
}

/** Whether the server lets us in, alone: it changes seldom. */
export function useLink(): Link {
  const { store } = useStream();
  return useSyncExternalStore(store.subscribe, () => store.view().link);
}

const second = 1_000; // ms

/** What to think of the numbers of a host: changes with the stream, and with its silence. */
export function useCondition(host: string | undefined): Condition {
  const { store } = useStream();
  const [condition, setCondition] = useState(() => store.condition(host));
  useEffect(() => {
    const look = () => setCondition(store.condition(host));
    look();
    const unsubscribe = store.subscribe(look);
    const timer = setInterval(look, second);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [store, host]);
  return condition;
}

/** Age of the newest row in seconds, looked up once a second: digits that change with every tick cannot be read. */
export function useAge(host: string | undefined, condition: Condition): number | undefined {
  const { store } = useStream();
  const [age, setAge] = useState(() => store.age(host));
  // A new condition is a reason to look at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see the line above
  useEffect(() => {
    const look = () => setAge(store.age(host));
    look();
    const timer = setInterval(look, second);
    return () => clearInterval(timer);
  }, [store, host, condition]);
  return age;
}
