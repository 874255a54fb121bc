import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './tokens.css';
import './app.css';
import { I18nProvider } from '../shared/i18n/context';
import { StreamContext } from '../shared/stream/context';
import { openPortal } from '../shared/stream/portal';
import { StreamStore } from '../shared/stream/store';
import { App } from './App';
import { ErrorBoundary } from './ErrorBoundary';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

const store = new StreamStore({
  elapsed: () => performance.now(),
  frame: (draw) => requestAnimationFrame(draw),
});

createRoot(root).render(
  <StrictMode>
    <I18nProvider>
      <ErrorBoundary>
        <StreamContext value={store}>
          <App />
        </StreamContext>
      </ErrorBoundary>
    </I18nProvider>
  </StrictMode>,
);

// For as long as the page lives: the connection belongs to the store and not to a component.
openPortal(store);
