import { lazy, Suspense } from 'react';
import { usePage } from '../shared/range/pages';
import { App } from './App';

// Whoever looks at a VM does not wait for what shows runs.
const RunPages = lazy(() => import('./RunPages'));

/** Which page the address means. */
export function Pages() {
  const page = usePage();
  if (page.kind === 'board') return <App />;
  return (
    <Suspense fallback={<main className="page" aria-busy="true" />}>
      <RunPages page={page} />
    </Suspense>
  );
}
