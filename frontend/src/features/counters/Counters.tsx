import { FuenteKernel, FuenteProcfs } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';
import type { Received } from '../../shared/stream/store';
import './counters.css';

interface Props {
  readonly vm: string | undefined; // whose numbers these are, where there are several
  readonly received: Received | undefined;
  readonly missed: boolean; // rows passed that this page did not receive
  readonly shown: number; // different samples in the time that the page shows
  readonly source: string | undefined; // fuente of the newest sample
}

/** What this page has received of the chosen VM since it was opened, and how much of it the charts show. */
export function Counters({ vm, received, missed, shown, source }: Props) {
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
        <dt>{t('counters.repeated')}</dt>
        <dd data-testid="repeated-total" data-value={rows - distinct}>
          {format.count(rows - distinct)}
        </dd>
      </div>
      <div>
        <dt>{t('counters.shown')}</dt>
        <dd data-testid="shown-total" data-value={shown}>
          {format.count(shown)}
        </dd>
      </div>
      {(source === FuenteKernel || source === FuenteProcfs) && (
        <div className="named">
          <dt>{t('counters.source')}</dt>
          <dd>{t(source === FuenteKernel ? 'counters.kernel' : 'counters.procfs')}</dd>
        </div>
      )}
      {missed && (
        <div className="missed">
          <dt className="visually-hidden">{t('counters.missedLabel')}</dt>
          <dd>{t('counters.missed')}</dd>
        </div>
      )}
    </dl>
  );
}
