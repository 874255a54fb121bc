// Which page an address is: the dashboard unless the query says `?runs` (the list), `?run=ID` (one run) or
// `?run=ID&with=ID2` (two side by side). What a person asks of a run stands in the address too, in the words of the API.
import { useEffect, useMemo, useState } from 'react';

export type Page =
  | { readonly kind: 'board' }
  | { readonly kind: 'runs' }
  | {
      readonly kind: 'run';
      readonly id: string;
      readonly other: string | undefined; // beside it
      readonly question: string; // as the query of the API; empty is the run's own
    };

const asked = ['users', 'percentile', 'latency', 'errors'];

export function readPage(search: string): Page {
  const parameters = new URLSearchParams(search);
  const id = parameters.get('run');
  if (!id) return { kind: parameters.has('runs') ? 'runs' : 'board' };
  const question = new URLSearchParams([...parameters].filter(([name]) => asked.includes(name)));
  return { kind: 'run', id, other: parameters.get('with') ?? undefined, question: question.toString() };
}

export const boardAddress = '/';
export const runsAddress = '/?runs';

export function runAddress(id: string, other?: string, question = ''): string {
  const parameters = new URLSearchParams({ run: id, ...(other !== undefined && { with: other }) });
  return `/?${parameters}${question && `&${question}`}`;
}

/** Shows another page without loading anything anew. */
export function goTo(address: string): void {
  history.pushState(null, '', address);
  window.dispatchEvent(new PopStateEvent('popstate'));
}

export function usePage(): Page {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const follow = () => setSearch(location.search);
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);
  return useMemo(() => readPage(search), [search]);
}
