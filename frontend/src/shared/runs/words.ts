import type { Text } from '../contract/verdict';
import { translator, useI18n } from '../i18n/context';
import type { Formatter } from '../i18n/format';
import type { Language } from '../i18n/language';
import { en } from './en';
import { es, type RunKey } from './es';

export const runCatalogues: Readonly<Record<Language, Readonly<Record<RunKey, string>>>> = { es, en };

export interface Words {
  readonly language: Language;
  readonly format: Formatter;
  readonly w: (key: RunKey, values?: Readonly<Record<string, string>>) => string;
  readonly say: (text: Text) => string; // what Go says in both languages
}

/** The words of the pages of runs, which are loaded with them and not with the dashboard. */
export function useWords(): Words {
  const { language, format } = useI18n();
  return { language, format, w: translator(runCatalogues[language]), say: (text) => text[language] };
}
