import { useId } from 'react';
import { useI18n } from '../../shared/i18n/context';
import type { Key } from '../../shared/i18n/es';

import type { Axis } from './distribution';
import { type RouteFigures, rateSeconds } from './figures';
import { Latencies } from './Latencies';

interface Props {
  readonly route: RouteFigures;
  readonly axis: Axis | undefined;
  readonly live: boolean;
}

const writers: Readonly<Record<string, Key>> = { direct: 'routes.direct', batch: 'routes.batch' };

/** What one route did. */
export function RouteColumn({ route, axis, live }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const { api, accent, errors, requests } = route;
  const writer = writers[route.writer];
  const latency = (ms: number | undefined) => (ms === undefined ? '–' : format.latency(ms));
  const seconds = format.count(rateSeconds);
  return (
    <section
      className={`route ${accent}${live ? ' now' : ''}`}
      aria-labelledby={heading}
      data-api={api}
      data-share={route.share}
      data-requests={requests}
      data-rows={route.rows}
      data-errors={errors}
      data-p99={route.p99}
    >
      <header>
        <h3 id={heading}>
          <span className="swatch" aria-hidden="true" />
          {api} <span className="writer">{writer ? t(writer) : route.writer}</span>
        </h3>
        <p>{t('routes.share', { share: format.share(route.share) })}</p>
      </header>
      <dl className="figures">
        <Figure
          name={live ? t('routes.rateRecent', { seconds }) : t('routes.rateSpan')}
          hint={live ? t('routes.rateRecentHint', { seconds }) : t('routes.rateSpanHint')}
          text={format.rate(route.rowsPerSecond)}
        />
        <Figure name={t('routes.requests')} hint={t('routes.requestsHint')} text={format.count(requests)} />
        <Figure
          name={t('routes.errors')}
          hint={t('routes.errorsHint')}
          text={format.count(errors)}
          bad={errors > 0}
          detail={errors > 0 ? format.share(route.errorShare) : undefined}
        />
        <Figure name="p50" hint={t('routes.p50')} text={latency(route.p50)} />
        <Figure name="p95" hint={t('routes.p95')} text={latency(route.p95)} />
        <Figure name="p99" hint={t('routes.p99')} text={latency(route.p99)} />
      </dl>
      {axis && route.p50 !== undefined ? (
        <Latencies route={route} axis={axis} />
      ) : (
        <p className="distribution-none">{t('routes.noLatency')}</p>
      )}
    </section>
  );
}

interface FigureProps {
  readonly name: string;
  readonly hint: string; // what it means
  readonly text: string;
  readonly bad?: boolean;
  readonly detail?: string | undefined;
}

function Figure({ name, hint, text, bad, detail }: FigureProps) {
  return (
    <div title={hint}>
      <dt>
        {name}
        <span className="visually-hidden"> ({hint})</span>
      </dt>
      <dd className={bad ? 'wrong' : undefined}>
        {text}
        {detail && <small> {detail}</small>}
      </dd>
    </div>
  );
}
