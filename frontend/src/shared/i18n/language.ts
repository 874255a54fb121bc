import { recall, remember } from '../ui/storage';

export const languages = ['es', 'en'] as const;
export type Language = (typeof languages)[number];

const key = 'pulso.language';

/** What the person chose before, else the first of the browser's languages that we speak, else English. */
export function initialLanguage(preferred: readonly string[]): Language {
  const chosen = recall(key);
  const known = [chosen ?? '', ...preferred].map((tag) => tag.slice(0, 2).toLowerCase());
  for (const tag of known) {
    const language = languages.find((candidate) => candidate === tag);
    if (language) return language;
  }
  return 'en';
}

export function rememberLanguage(language: Language): void {
  remember(key, language);
}

/** The browser's regional form of a language: es-GT writes 93.1%, es-ES 93,1 %. */
export function localeOf(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}
