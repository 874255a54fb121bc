import { createContext } from 'react';

/** What a chart does with the page's range. */
export interface Zoom {
  readonly zoom: (from: number, to: number) => void; // seconds since 1970
  readonly back: () => void;
}

export const ZoomContext = createContext<Zoom>({ zoom() {}, back() {} });
