import { renderToStaticMarkup } from 'react-dom/server';
import app from '../app/app.css?inline';
import tokens from '../app/tokens.css?inline';
import { Answer } from '../features/run/Answer';
import { Comparison } from '../features/run/Comparison';
import { Evidence } from '../features/run/Evidence';
import { RunHead } from '../features/run/RunHead';
import run from '../features/run/run.css?inline';
import { type Side, sideOf } from '../features/run/side';
import type { Run } from '../shared/contract/run';
import type { Verdict } from '../shared/contract/verdict';
import { InLanguage } from '../shared/i18n/context';
import { languages } from '../shared/i18n/language';
import plot from '../shared/plot/plot.css?inline';
import { nameOf } from '../shared/runs/text';
import { useWords } from '../shared/runs/words';
import own from './report.css?inline';

export interface Input {
  readonly run: Run;
  readonly verdict: Verdict;
  readonly version: string;
}

/** The whole HTML file. */
export function document(inputs: readonly Input[]): string {
  const sides = inputs.map(({ run, verdict }) => sideOf(run, verdict));
  const title = `Pulso · ${sides.map(({ run }) => nameOf(run)).join(' · ')}`;
  const style = [themed(tokens), app, plot, run, own].join('\n');
  return `<!doctype html>\n${renderToStaticMarkup(
    <html lang="es">
      <head>
        <meta charSet="utf-8" />
        <meta httpEquiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <style>{style}</style>
      </head>
      <body>
        {languages.map((language) => (
          <input
            key={language}
            type="radio"
            name="language"
            id={`language-${language}`}
            className="visually-hidden"
            defaultChecked={language === 'es'}
            aria-label={names[language]}
          />
        ))}
        <div className="languages" aria-hidden="true">
          {languages.map((language) => (
            <label key={language} htmlFor={`language-${language}`} lang={language}>
              {names[language]}
            </label>
          ))}
        </div>
        {languages.map((language) => (
          <main key={language} className={`page ${language}`} lang={language}>
            <InLanguage language={language}>
              <Body sides={sides} version={inputs[0]?.version ?? ''} />
            </InLanguage>
          </main>
        ))}
      </body>
    </html>,
  )}\n`;
}

const names = { es: 'Español', en: 'English' } as const;

/** Nothing may be loaded, sent or run: only the styles that stand in the file. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The page's theme is a person's choice; the report's is the reader's system's, and paper is light. */
function themed(css: string): string {
  const [light = '', dark = ''] = css.split(/:root\[data-theme=["']?dark["']?\]/);
  return `${light}@media screen and (prefers-color-scheme: dark){:root${dark}}`;
}

function Body({ sides, version }: { readonly sides: readonly Side[]; readonly version: string }) {
  const { w } = useWords();
  const [first, second] = sides;
  return (
    <div className="run-page">
      <h1>
        Pulso <small>{w(second ? 'report.two' : 'report.title')}</small>
      </h1>
      {first && second ? (
        <Comparison sides={[first, second]} />
      ) : (
        first && (
          <>
            <section className="card">
              <RunHead side={first} />
              <Answer side={first} />
            </section>
            <Evidence side={first} />
          </>
        )
      )}
      <p className="note">{w('report.by', { version })}</p>
    </div>
  );
}
