// Which page an address is: the dashboard unless the query says `?runs` (the list), `?run=ID` (one run) or
// `?run=ID&with=ID2` (two side by side). What a person asks of a run stands in the address too, in the words of the API.
import { useEffect, useState } from 'react';

export type Page =
  | { readonly kind: 'board' }
  | { readonly kind: 'runs' }
  | { readonly kind: 'run'; readonly ids: readonly string[]; readonly question: Question }; // one or two

/** What is asked of a run; what is absent is as the run itself has it. */
export type Question = Readonly<Partial<Record<(typeof asked)[number], string>>>;

const asked = ['users', 'percentile', 'latency', 'errors'] as const;

export function readPage(search: string): Page {
  const parameters = new URLSearchParams(search);
  const id = parameters.get('run');
  if (!id) return { kind: parameters.has('runs') ? 'runs' : 'board' };
  const other = parameters.get('with');
  const question = Object.fromEntries(
    asked.flatMap((name) => (parameters.get(name) ? [[name, parameters.get(name)]] : [])),
  );
  return { kind: 'run', ids: other ? [id, other] : [id], question };
}

export const boardAddress = '/';
export const runsAddress = '/?runs';

export function runAddress([id = '', other]: readonly string[], question: Question = {}): string {
  return `/?${new URLSearchParams({ run: id, ...(other && { with: other }), ...question })}`;
}

/** The question as the API reads it; empty where nothing is asked. */
export function questionQuery(question: Question): string {
  const query = new URLSearchParams(question).toString();
  return query && `?${query}`;
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
  return readPage(search);
}
