import { createContext } from 'react';

/** What charts of the VM's time show, and how they change it. */
export interface Shown {
  readonly host: string;
  readonly zoom: (from: number, to: number) => void; // seconds since 1970
  readonly back: () => void;
}

export const ShownContext = createContext<Shown>({ host: '', zoom() {}, back() {} });
