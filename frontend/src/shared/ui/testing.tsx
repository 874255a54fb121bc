// Renders into jsdom, in Spanish unless told, within the contexts that components expect.
import { act, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { type Mock, onTestFinished, vi } from 'vitest';
import { I18nProvider } from '../i18n/context';
import { Access } from '../stream/access';
import { StreamContext } from '../stream/context';
import type { Ask } from '../stream/portal';
import { makeStore, type TestStore } from '../stream/testing';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

export interface Rendered extends TestStore {
  readonly screen: HTMLElement;
  readonly find: (testId: string) => HTMLElement;
  readonly update: (change: () => void) => void;
  readonly history: Mock<Ask>; // what the page asks of the past; no answer comes until a test gives one
  readonly enter: Mock<(token: string) => void>;
}

export function render(node: ReactNode, languages: readonly string[] = ['es-ES']): Rendered {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  const stream = makeStore();
  const history = vi.fn<Ask>(() => new Promise(() => undefined));
  const enter = vi.fn<(token: string) => void>();
  const portal = { history, enter, close() {} };
  const access = new Access();
  const screen = document.createElement('div');
  document.body.append(screen);
  const root = createRoot(screen);
  act(() =>
    root.render(
      <I18nProvider>
        <StreamContext value={{ store: stream.store, portal, access }}>{node}</StreamContext>
      </I18nProvider>,
    ),
  );
  onTestFinished(() => {
    act(() => root.unmount());
    screen.remove();
    localStorage.clear();
    vi.restoreAllMocks();
  });
  return {
    ...stream,
    history,
    enter,
    screen,
    find(testId) {
      const element = screen.querySelector<HTMLElement>(`[data-testid="${testId}"]`);
      if (!element) throw new Error(`nothing has the test id ${testId}`);
      return element;
    },
    update: (change) => act(change),
  };
}
