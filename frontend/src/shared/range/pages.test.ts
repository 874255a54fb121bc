import { describe, expect, it } from 'vitest';
import { readPage, runAddress, runsAddress } from './pages';

const search = (address: string) => address.slice(address.indexOf('?'));

describe('the address', () => {
  it('is the dashboard’s unless it says otherwise', () => {
    for (const address of ['', '?host=vm-1&range=1h', '?run=', '?with=a'])
      expect(readPage(address)).toEqual({ kind: 'board' });
    expect(readPage(search(runsAddress))).toEqual({ kind: 'runs' });
  });

  it('says which run is shown, beside which, and what is asked', () => {
    const [id, other] = ['20260301-120000-3f9c2a1b', 'a b&c'];
    expect(readPage(search(runAddress(id)))).toEqual({ kind: 'run', id, other: undefined, question: '' });
    expect(readPage(search(runAddress(id, other)))).toEqual({ kind: 'run', id, other, question: '' });
    const question = 'users=300&percentile=99&latency=100ms&errors=0.5';
    expect(readPage(search(runAddress(id, other, question)))).toEqual({ kind: 'run', id, other, question });
    expect(readPage(`?run=${id}&users=3&token=x`)).toMatchObject({ question: 'users=3' });
  });
});
