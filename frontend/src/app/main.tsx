import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './tokens.css';
import './app.css';
import { I18nProvider } from '../shared/i18n/context';
import { Access } from '../shared/stream/access';
import { StreamContext } from '../shared/stream/context';
import { openPortal } from '../shared/stream/portal';
import { StreamStore } from '../shared/stream/store';
import { ErrorBoundary } from './ErrorBoundary';
import { Pages } from './Pages';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

const access = new Access();
const store = new StreamStore({
  elapsed: () => performance.now(),
  frame: (draw) => requestAnimationFrame(draw),
});

// For as long as the page lives: the connection belongs to no component.
const stream = { store, access, portal: openPortal(store, access) };

createRoot(root).render(
  <StrictMode>
    <I18nProvider>
      <ErrorBoundary>
        <StreamContext value={stream}>
          <Pages />
        </StreamContext>
      </ErrorBoundary>
    </I18nProvider>
  </StrictMode>,
);
