import type { Sample } from '../../shared/contract/sample';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { UsageCard } from '../../shared/ui/UsageCard';

interface Props {
  readonly source: Source;
  readonly now: Sample | undefined; // undefined where the page shows the past
}

export function CpuCard({ source, now }: Props) {
  const { t, format } = useI18n();
  return (
    <UsageCard title={t('cpu.title')} quantity="cpu" source={source} now={now?.porcentaje_cpu_uso}>
      {now && (
        <>
          <dt className="key-used">{t('usage.inUse')}</dt>
          <dd>{format.percent(now.porcentaje_cpu_uso)}</dd>
          <dt className="key-free">{t('usage.free')}</dt>
          <dd>{format.percent(now.porcentaje_cpu_libre)}</dd>
          <dt>{t('usage.total')}</dt>
          <dd>{format.percent(100, 0)}</dd>
        </>
      )}
    </UsageCard>
  );
}
