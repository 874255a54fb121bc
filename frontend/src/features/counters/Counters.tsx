import { FuenteKernel, FuenteProcfs } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';
import type { Received } from '../../shared/stream/store';

interface Props {
  readonly vm: string | undefined; // whose numbers these are, where there are several
  readonly received: Received | undefined;
  readonly points: number;
  readonly source: string | undefined; // fuente of the newest sample
}

/** What this page has received of the chosen VM since it was opened. */
export function Counters({ vm, received, points, source }: Props) {
  const { t, format } = useI18n();
  const { rows, distinct } = received ?? { rows: 0, distinct: 0 };
  return (
    <dl className="counters" aria-label={t('counters.label')}>
      {vm !== undefined && (
        <div className="named">
          <dt>{t('host.label')}</dt>
          <dd>{vm || t('host.unnamed')}</dd>
        </div>
      )}
      <div>
        <dt>{t('counters.rows')}</dt>
        <dd data-testid="rows-total" data-value={rows}>
          {format.count(rows)}
        </dd>
      </div>
      <div>
        <dt>{t('counters.distinct')}</dt>
        <dd data-testid="distinct-total" data-value={distinct}>
          {format.count(distinct)}
        </dd>
      </div>
      <div>
        <dt>{t('counters.points')}</dt>
        <dd>{format.count(points)}</dd>
      </div>
      {(source === FuenteKernel || source === FuenteProcfs) && (
        <div className="named">
          <dt>{t('counters.source')}</dt>
          <dd>{t(source === FuenteKernel ? 'counters.kernel' : 'counters.procfs')}</dd>
        </div>
      )}
    </dl>
  );
}
