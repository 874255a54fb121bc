import type { ReactNode } from 'react';
import { catalogues, useI18n } from '../shared/i18n/context';
import type { ThemeSwitch } from '../shared/theme/theme';

interface Props {
  readonly themeSwitch: ThemeSwitch;
  readonly nav: ReactNode;
  readonly pill?: ReactNode; // how far the page is to be trusted
  readonly children?: ReactNode;
}

export function Header({ themeSwitch, nav, pill, children }: Props) {
  const { t, language, setLanguage } = useI18n();
  const other = language === 'es' ? 'en' : 'es';
  const themeLabel = t(themeSwitch.theme === 'dark' ? 'theme.toLight' : 'theme.toDark');
  return (
    <header className="bar-top">
      <h1 className="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 17h6l4-11 6 20 4-9h6" />
        </svg>
        Pulso
      </h1>
      {nav}
      <div className="tools">{children}</div>
      {pill}
      <div className="switches">
        <button
          type="button"
          className="switch"
          lang={other}
          aria-label={catalogues[other]['language.switch']}
          title={catalogues[other]['language.switch']}
          onClick={() => setLanguage(other)}
        >
          {other.toUpperCase()}
        </button>
        <button
          type="button"
          className="switch theme-switch"
          aria-label={themeLabel}
          title={themeLabel}
          onClick={themeSwitch.toggle}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="6.25" />
            <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" />
          </svg>
        </button>
      </div>
    </header>
  );
}
