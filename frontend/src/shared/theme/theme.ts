import { createContext, useContext, useEffect, useLayoutEffect, useState } from 'react';
import { recall, remember } from '../ui/storage';

export type Theme = 'light' | 'dark';

const key = 'pulso.theme'; // public/theme.js reads it too
const query = '(prefers-color-scheme: dark)';

function systemTheme(): Theme {
  return matchMedia(query).matches ? 'dark' : 'light';
}

function chosenTheme(): Theme | undefined {
  const chosen = recall(key);
  return chosen === 'light' || chosen === 'dark' ? chosen : undefined;
}

export interface ThemeSwitch {
  readonly theme: Theme;
  readonly toggle: () => void;
}

/**
 * The page's theme follows the system until a person chooses the other one. Choosing the system's own again is
 * following it again: no third position is needed.
 */
export function useThemeSwitch(): ThemeSwitch {
  const [theme, setTheme] = useState<Theme>(() => chosenTheme() ?? systemTheme());

  useEffect(() => {
    const media = matchMedia(query);
    const follow = () => setTheme(chosenTheme() ?? systemTheme());
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);

  // Before the effects of the charts, which read the theme's colours.
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);

  function toggle(): void {
    const next = theme === 'dark' ? 'light' : 'dark';
    remember(key, next === systemTheme() ? undefined : next);
    setTheme(next);
  }

  return { theme, toggle };
}

export const ThemeContext = createContext<Theme>('light');

export function useTheme(): Theme {
  return useContext(ThemeContext);
}
