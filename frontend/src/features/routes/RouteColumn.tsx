import { useI18n } from '../../shared/i18n/context';
import type { Key } from '../../shared/i18n/es';
import { type Axis, height, outline, positionOf, width } from './distribution';
import { type RouteFigures, rateSeconds } from './figures';

interface Props {
  readonly route: RouteFigures;
  readonly axis: Axis | undefined;
  readonly live: boolean;
}

const writers: Readonly<Record<string, Key>> = { direct: 'routes.direct', batch: 'routes.batch' };

/** What one route did. */
export function RouteColumn({ route, axis, live }: Props) {
  const { t, format } = useI18n();
  const { api, accent, errors } = route;
  const writer = writers[route.writer];
  const latency = (ms: number | undefined) => (ms === undefined ? '–' : format.latency(ms));
  return (
    <section
      className={`route ${accent}`}
      aria-label={api}
      data-api={api}
      data-share={route.share}
      data-rows={route.rows}
      data-p99={route.p99}
    >
      <h3>
        <span className="swatch" aria-hidden="true" />
        {api}
        <span className="writer">{writer ? t(writer) : route.writer}</span>
      </h3>
      <dl className="figures">
        <Figure
          name={t('routes.rate')}
          title={live ? t('routes.rateRecent', { seconds: format.count(rateSeconds) }) : t('routes.rateSpan')}
          text={format.rate(route.rowsPerSecond)}
        />
        <Figure name="p50" title={t('routes.p50')} text={latency(route.p50)} />
        <Figure name="p95" title={t('routes.p95')} text={latency(route.p95)} />
        <Figure name="p99" title={t('routes.p99')} text={latency(route.p99)} />
        <Figure
          name={t('routes.errors')}
          title={t('routes.errorsHint')}
          text={
            errors > 0 ? `${format.count(errors)} · ${format.percent(route.errorShare)}` : format.count(0)
          }
          bad={errors > 0}
        />
      </dl>
      {axis && route.p50 !== undefined && <Distribution route={route} axis={axis} />}
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly title: string; // what it means
  readonly text: string;
  readonly bad?: boolean;
}

function Figure({ name, title, text, bad }: FigureProps) {
  return (
    <div title={title}>
      <dt>
        {name}
        <span className="visually-hidden"> ({title})</span>
      </dt>
      <dd className={bad ? 'wrong' : undefined}>{text}</dd>
    </div>
  );
}

function Distribution({ route, axis }: { readonly route: RouteFigures; readonly axis: Axis }) {
  const { t, format } = useI18n();
  const marks = [route.p50, route.p95, route.p99].filter((ms) => ms !== undefined);
  const [p50 = '', p95 = '', p99 = ''] = marks.map(format.latency);
  return (
    <figure className="distribution">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t('routes.distribution', { api: route.api, p50, p95, p99 })}
      >
        <path d={outline(route.latency, axis)} />
        {[...new Set(marks)].map((ms) => {
          const x = positionOf(ms, axis) * width;
          return <line key={ms} x1={x} x2={x} y1="0" y2={height} />;
        })}
      </svg>
      <div className="ticks" aria-hidden="true">
        {axis.ticks.map(({ ms, at }) => (
          <span key={ms} style={{ left: `${100 * at}%` }}>
            {format.latencyTick(ms)}
          </span>
        ))}
      </div>
    </figure>
  );
}
