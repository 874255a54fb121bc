import { useCallback, useEffect, useState } from 'react';
import { live, type Place, type Range, readPlace, sameRange, writePlace } from './range';

export interface PlaceSwitch {
  readonly place: Place;
  /** Shows another time; the one before is a step back. */
  readonly show: (range: Range) => void;
  /** Shows another VM at the same time; `silently` where nobody chose it. From there, nothing is a step back. */
  readonly choose: (host: string, silently?: boolean) => void;
  /** To the time before, as the browser's own button; without one, to the live view. */
  readonly back: () => void;
}

interface HistoryState {
  readonly steps: number; // that the page went from the view where it was opened
}

/** The page's place, kept in its address. */
export function usePlace(): PlaceSwitch {
  const [place, setPlace] = useState(() => readPlace(location.search));

  useEffect(() => {
    const follow = () => setPlace(readPlace(location.search));
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);

  const go = useCallback((next: Place, steps: number, silently = false) => {
    const address = `${location.pathname}${writePlace(next)}`;
    const state: HistoryState = { steps };
    if (silently) history.replaceState(state, '', address);
    else history.pushState(state, '', address);
    setPlace(next);
  }, []);

  const show = useCallback(
    (range: Range) => {
      const now = readPlace(location.search);
      if (!sameRange(range, now.range)) go({ ...now, range }, stepsTaken() + 1);
    },
    [go],
  );

  const choose = useCallback(
    (host: string, silently?: boolean) => go({ ...readPlace(location.search), host }, 0, silently),
    [go],
  );

  const back = useCallback(() => {
    if (stepsTaken() > 0) history.back();
    else show(live);
  }, [show]);

  return { place, show, choose, back };
}

function stepsTaken(): number {
  const state: Partial<HistoryState> | null = history.state;
  return state?.steps ?? 0;
}
