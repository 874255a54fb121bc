import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { Condition, StreamStore, View } from './store';

export const StreamContext = createContext<StreamStore | undefined>(undefined);

function useStore(): StreamStore {
  const store = useContext(StreamContext);
  if (!store) throw new Error('no StreamContext above this component');
  return store;
}

/** What the page shows now; changes at most once per animation frame. */
export function useView(): View {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.view);
}

const second = 1_000; // ms

/** What to think of the numbers: changes with the stream, and with its silence. */
export function useCondition(): Condition {
  const store = useStore();
  const [condition, setCondition] = useState(() => store.condition());
  useEffect(() => {
    const look = () => setCondition(store.condition());
    look();
    const unsubscribe = store.subscribe(look);
    const timer = setInterval(look, second);
    return () => {
      clearInterval(timer);
      unsubscribe();
    };
  }, [store]);
  return condition;
}

/** Age of the newest row in seconds, looked up once a second: digits that change with every tick cannot be read. */
export function useAge(condition: Condition): number | undefined {
  const store = useStore();
  const [age, setAge] = useState(() => store.age());
  // A new condition is a reason to look at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see the line above
  useEffect(() => {
    const look = () => setAge(store.age());
    look();
    const timer = setInterval(look, second);
    return () => clearInterval(timer);
  }, [store, condition]);
  return age;
}
