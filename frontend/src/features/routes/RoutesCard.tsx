import { useId, useMemo } from 'react';
import type { RouteSecond, RouteStats } from '../../shared/contract/event';
import { useI18n } from '../../shared/i18n/context';
import { axisOf } from './distribution';
import { figuresOf, type Span } from './figures';
import { RouteColumn } from './RouteColumn';
import { RowsChart } from './RowsChart';
import { ShareBar } from './ShareBar';
import './routes.css';

interface Props {
  readonly stats: readonly RouteStats[]; // over the whole span
  readonly seconds: readonly RouteSecond[] | undefined; // live, of which the stats are
  readonly from: number; // ms since 1970, by the clock of arrival; not before `to` while the span is not known
  readonly to: number;
  readonly state: 'ready' | 'loading' | 'failed';
}

/** The two write routes side by side, over the time that is shown, by the clock of arrival. */
export function RoutesCard({ stats, seconds, from, to, state }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const span = useMemo<Span>(() => ({ from, to, seconds }), [from, to, seconds]);
  const routes = useMemo(() => figuresOf(stats, span), [stats, span]);
  const axis = useMemo(() => axisOf(stats.map(({ latency }) => latency)), [stats]);
  const traffic = routes.some(({ requests }) => requests > 0);
  const rows = routes.reduce((all, route) => all + route.rows, 0);
  return (
    <section
      className="card routes"
      aria-labelledby={heading}
      aria-busy={state === 'loading'}
      data-testid="routes"
      data-state={state}
    >
      <header className="routes-head">
        <h2 id={heading}>
          {t('routes.title')}
          {traffic && ` · ${t('routes.rows', { rows: format.count(rows) })}`}
        </h2>
        <Clock from={from} to={to} />
      </header>
      {!traffic && <Nothing from={from} to={to} state={state} past={seconds === undefined} />}
      {traffic && state === 'failed' && <p className="routes-old">{t('routes.failed')}</p>}
      {traffic && (
        <>
          <ShareBar routes={routes} />
          <div className="routes-columns">
            {routes.map((route) => (
              <RouteColumn key={route.api} route={route} axis={axis} live={seconds !== undefined} />
            ))}
          </div>
          {seconds && <RowsChart seconds={seconds} to={to} routes={routes} />}
        </>
      )}
    </section>
  );
}

type Times = Pick<Props, 'from' | 'to'>;

/** Of which time all the numbers are, and by which clock. */
function Clock({ from, to }: Times) {
  const { t, format } = useI18n();
  return (
    <p className="axis-title">
      <span>{t('chart.recibido')}</span>{' '}
      {from < to && (
        <span className="span">
          {format.dateTime(from)} –{' '}
          {format.date(from) === format.date(to) ? format.time(to) : format.dateTime(to)}
        </span>
      )}
    </p>
  );
}

interface NothingProps extends Times, Pick<Props, 'state'> {
  readonly past: boolean;
}

function Nothing({ from, to, state, past }: NothingProps) {
  const { t, format } = useI18n();
  return (
    <div className={`routes-none ${state}`}>
      <svg className="nothing" viewBox="0 0 400 48" preserveAspectRatio="none" aria-hidden="true">
        <path d="M0 47H400" />
      </svg>
      <p>
        {state === 'ready' && from < to
          ? t('routes.none', { from: format.dateTime(from), to: format.dateTime(to) })
          : t(state === 'failed' ? 'routes.failed' : 'range.loading')}
      </p>
      {state === 'ready' && from < to && <p>{t(past ? 'routes.replayed' : 'routes.earlier')}</p>}
    </div>
  );
}
