import { useMemo } from 'react';
import type { TimeAxis } from '../../shared/chart/axis';
import { useI18n } from '../../shared/i18n/context';
import type { HostView } from '../../shared/stream/window';
import { UsageCard } from '../../shared/ui/UsageCard';

export function CpuCard({ host, axis }: { readonly host: HostView; readonly axis: TimeAxis }) {
  const { t, format } = useI18n();
  const values = useMemo(() => host.points.map(({ row }) => row.porcentaje_cpu_uso), [host]);
  const { porcentaje_cpu_uso: used, porcentaje_cpu_libre: free } = host.latest.row;
  return (
    <UsageCard title={t('cpu.title')} accent="cpu" used={used} axis={axis} values={values}>
      <dt className="key-used">{t('usage.inUse')}</dt>
      <dd>{format.percent(used)}</dd>
      <dt className="key-free">{t('usage.free')}</dt>
      <dd>{format.percent(free)}</dd>
    </UsageCard>
  );
}
