import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { en } from './en';
import { type Catalogue, es, type Key } from './es';
import { type Formatter, makeFormatter } from './format';
import { initialLanguage, type Language, localeOf, rememberLanguage } from './language';

export const catalogues: Readonly<Record<Language, Catalogue>> = { es, en };

type Filling<K extends string> = (key: K, values?: Readonly<Record<string, string>>) => string;
export type Translate = Filling<Key>;

export interface I18n {
  readonly language: Language;
  readonly t: Translate;
  readonly format: Formatter;
  readonly setLanguage: (language: Language) => void;
}

export function translator<K extends string>(catalogue: Readonly<Record<K, string>>): Filling<K> {
  return (key, values = {}) => catalogue[key].replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
}

const I18nContext = createContext<I18n | undefined>(undefined);

export function useI18n(): I18n {
  const i18n = useContext(I18nContext);
  if (!i18n) throw new Error('no I18nProvider above this component');
  return i18n;
}

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => initialLanguage(navigator.languages));

  const i18n = useMemo<I18n>(
    () => ({
      language,
      t: translator(catalogues[language]),
      format: makeFormatter(localeOf(language, navigator.languages)),
      setLanguage(next) {
        rememberLanguage(next);
        setLanguage(next);
      },
    }),
    [language],
  );

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  return <I18nContext value={i18n}>{children}</I18nContext>;
}

interface InProps {
  readonly language: Language;
  readonly children: ReactNode;
}

/** Everything within is in one language, whoever reads it: for what is written without a browser. */
export function InLanguage({ language, children }: InProps) {
  const i18n: I18n = {
    language,
    t: translator(catalogues[language]),
    format: makeFormatter(language),
    setLanguage() {},
  };
  return <I18nContext value={i18n}>{children}</I18nContext>;
}
