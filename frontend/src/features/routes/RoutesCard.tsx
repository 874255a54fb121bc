import { useId } from 'react';
import type { RouteSecond, RouteStats } from '../../shared/contract/event';
import { useI18n } from '../../shared/i18n/context';
import { axisOf } from './distribution';
import { figuresOf, type Span } from './figures';
import { RouteColumn } from './RouteColumn';
import { RowsChart } from './RowsChart';
import './routes.css';

interface Props {
  readonly stats: readonly RouteStats[]; // over the whole span
  readonly seconds: readonly RouteSecond[] | undefined; // live, of which the stats are
  readonly from: number; // ms since 1970, by the clock of arrival
  readonly to: number;
  readonly state: 'ready' | 'loading' | 'failed';
}

/** The two write routes side by side, over the time that is shown, by the clock of arrival. */
export function RoutesCard({ stats, seconds, from, to, state }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const span: Span = { from, to, seconds };
  const routes = figuresOf(stats, span);
  const traffic = routes.some(({ requests }) => requests > 0);
  const axis = axisOf(routes.map(({ latency }) => latency));
  return (
    <section className="card routes" aria-labelledby={heading} data-testid="routes">
      <header className="routes-head">
        <h2 id={heading}>
          {t('routes.title')}
          {traffic &&
            ` · ${t('routes.rows', { rows: format.count(routes.reduce((all, { rows }) => all + rows, 0)) })}`}
        </h2>
        <p className="axis-title">
          {t('chart.recibido')}
          {to > 0 && ` · ${format.dateTime(from)} – ${format.time(to)}`}
        </p>
      </header>
      {traffic ? (
        <>
          <ShareBar routes={routes} />
          <div className="routes-columns">
            {routes.map((route) => (
              <RouteColumn key={route.api} route={route} axis={axis} live={seconds !== undefined} />
            ))}
          </div>
          {seconds && <RowsChart seconds={seconds} apis={routes.map(({ api }) => api)} />}
        </>
      ) : (
        <p className="routes-none">
          {state === 'ready'
            ? t('routes.none', { from: format.dateTime(from), to: format.dateTime(to) })
            : t(state === 'loading' ? 'range.loading' : 'routes.failed')}
        </p>
      )}
    </section>
  );
}

interface ShareBarProps {
  readonly routes: ReturnType<typeof figuresOf>;
}

/** How the requests are split, against the half that the entry point promises. */
function ShareBar({ routes }: ShareBarProps) {
  const { t, format } = useI18n();
  return (
    <div className="share-bar">
      {routes
        .filter(({ share }) => share > 0)
        .map(({ api, accent, share }) => (
          <div key={api} className={accent} style={{ flexGrow: share }}>
            <span>
              {api} · {format.percent(share)}
            </span>
          </div>
        ))}
      <span className="half" aria-hidden="true" title={t('routes.half', { half: format.percent(50, 0) })} />
    </div>
  );
}
