import type { Sample } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { UsageCard } from '../../shared/ui/UsageCard';

interface Props {
  readonly source: Source;
  readonly now: Sample | undefined; // undefined where the page shows the past
}

export function RamCard({ source, now }: Props) {
  const { t, format } = useI18n();
  return (
    <UsageCard title={t('ram.title')} quantity="ram" source={source} now={now?.porcentaje_ram}>
      {now && (
        <>
          <dt className="key-used">{t('usage.inUse')}</dt>
          <dd>{format.mebibytes(now.uso_ram)}</dd>
          <dt className="key-free">{t('usage.free')}</dt>
          <dd>{format.mebibytes(now.ram_libre)}</dd>
          <dt>{t('usage.total')}</dt>
          <dd>{format.mebibytes(now.total_ram)}</dd>
        </>
      )}
    </UsageCard>
  );
}
