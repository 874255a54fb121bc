import { FuenteKernel, FuenteProcfs } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';

interface Props {
  readonly rows: number;
  readonly distinct: number;
  readonly points: number;
  readonly source: string | undefined; // fuente of the newest sample
}

/** What this page has received since it was opened. */
export function Counters({ rows, distinct, points, source }: Props) {
  const { t, format } = useI18n();
  return (
    <dl className="counters" aria-label={t('counters.label')}>
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
        <div className="source">
          <dt>{t('counters.source')}</dt>
          <dd>{t(source === FuenteKernel ? 'counters.kernel' : 'counters.procfs')}</dd>
        </div>
      )}
    </dl>
  );
}
