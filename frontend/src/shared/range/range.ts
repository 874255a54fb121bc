// The stretch of time that the page shows, and how it is written into the page's address, so that a link shows the
// same view: ?host=vm-1&range=1h, or ?host=vm-1&from=2026-03-01T12:00:00Z&to=2026-03-01T12:05:00Z.

/** The live window; the last hour or day before the newest `hora`; or a time that does not move. */
export type Range =
  | { readonly kind: 'live' }
  | { readonly kind: '1h' | '24h' }
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number }; // ms since 1970, `to` not included

/** What the address says of the page. */
export interface Place {
  readonly host: string | undefined; // the VM; undefined is whichever sends
  readonly range: Range;
}

export const live: Range = { kind: 'live' };

/** Lengths in seconds. */
export const lengths = { '1h': 3_600, '24h': 86_400 } as const;

/** Shorter ones show nothing, longer ones the server refuses. */
const shortest = 1_000; // ms
const longest = 10 * 366 * 86_400_000; // ms
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A fixed range, moved out to the shortest that shows something. Undefined where there is no time in it. */
export function fixed(from: number, to: number): Range | undefined {
  if (!(to > from) || to - from > longest || from < 0 || to > latest) return undefined;
  const missing = Math.max(shortest - (to - from), 0) / 2;
  return { kind: 'fixed', from: Math.floor(from - missing), to: Math.ceil(to + missing) };
}

/** Reads an address. What makes no sense is the live view. */
export function readPlace(search: string): Place {
  const parameters = new URLSearchParams(search);
  const host = parameters.get('host') ?? undefined;
  const kind = parameters.get('range');
  if (kind === '1h' || kind === '24h') return { host, range: { kind } };
  const range = fixed(readTime(parameters.get('from')), readTime(parameters.get('to')));
  return { host, range: range ?? live };
}

export function writePlace({ host, range }: Place): string {
  const parameters = new URLSearchParams();
  if (host !== undefined) parameters.set('host', host);
  if (range.kind === 'fixed') {
    parameters.set('from', writeTime(range.from));
    parameters.set('to', writeTime(range.to));
  } else if (range.kind !== 'live') {
    parameters.set('range', range.kind);
  }
  // A colon is allowed in a query, and a person reads these.
  const search = parameters.toString().replaceAll('%3A', ':');
  return search === '' ? '' : `?${search}`;
}

export function sameRange(a: Range, b: Range): boolean {
  if (a.kind === 'fixed' && b.kind === 'fixed') return a.from === b.from && a.to === b.to;
  return a.kind === b.kind;
}

/** Only UTC, so that a link means the same everywhere. */
function readTime(text: string | null): number {
  return text !== null && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}

function writeTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
