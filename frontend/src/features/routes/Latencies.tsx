import { useI18n } from '../../shared/i18n/context';
import { type Axis, headroom, height, outline, positionOf, width } from './distribution';
import type { RouteFigures } from './figures';

interface Props {
  readonly route: RouteFigures;
  readonly axis: Axis;
}

/** How the latencies of one route are spread. */
export function Latencies({ route, axis }: Props) {
  const { t, format } = useI18n();
  const marks = (['p50', 'p95', 'p99'] as const).map((name, row) => {
    const ms = route[name] ?? 0;
    // A label stands right of its line, lower than the one before: so no other line crosses it.
    return { name, text: format.latency(ms), at: positionOf(ms, axis), top: row * headroom };
  });
  const [p50 = '', p95 = '', p99 = ''] = marks.map(({ text }) => text);
  return (
    <figure className="distribution">
      <figcaption>{t('routes.latency')}</figcaption>
      <div className="picture">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={t('routes.distribution', { api: route.api, p50, p95, p99 })}
        >
          {axis.ticks.map(({ ms, at }) => (
            <line key={ms} className="grid" x1={at * width} x2={at * width} y1={headroom} y2={height} />
          ))}
          <path d={outline(route.latency, axis)} />
          {marks.map(({ name, at, top }) => (
            <line key={name} className="mark" x1={at * width} x2={at * width} y1={top} y2={height} />
          ))}
        </svg>
        {marks.map(({ name, at, top }) => (
          <span
            key={name}
            className={at > lastRoom ? 'mark-name left' : 'mark-name'}
            style={{ left: `${100 * at}%`, top: `${top}%` }}
            aria-hidden="true"
          >
            {name}
          </span>
        ))}
      </div>
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

const lastRoom = 0.95; // of the axis: further right, a label would not fit into the card
