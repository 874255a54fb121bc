// Renders into jsdom, in Spanish unless told, within the contexts that components expect.
import { act, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { onTestFinished, vi } from 'vitest';
import { I18nProvider } from '../i18n/context';
import { StreamContext } from '../stream/context';
import { makeStore, type TestStore } from '../stream/testing';

vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);

export interface Rendered extends TestStore {
  readonly screen: HTMLElement;
  readonly find: (testId: string) => HTMLElement;
  readonly update: (change: () => void) => void;
}

export function render(node: ReactNode, languages: readonly string[] = ['es-ES']): Rendered {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  const stream = makeStore();
  const screen = document.createElement('div');
  document.body.append(screen);
  const root = createRoot(screen);
  act(() =>
    root.render(
      <I18nProvider>
        <StreamContext value={stream.store}>{node}</StreamContext>
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
    screen,
    find(testId) {
      const element = screen.querySelector<HTMLElement>(`[data-testid="${testId}"]`);
      if (!element) throw new Error(`nothing has the test id ${testId}`);
      return element;
    },
    update: (change) => act(change),
  };
}
