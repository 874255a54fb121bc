import { useMemo } from 'react';
import type { TimeAxis } from '../../shared/chart/axis';
import { useI18n } from '../../shared/i18n/context';
import type { HostView } from '../../shared/stream/window';
import { UsageCard } from '../../shared/ui/UsageCard';

export function RamCard({ host, axis }: { readonly host: HostView; readonly axis: TimeAxis }) {
  const { t, format } = useI18n();
  const values = useMemo(() => host.points.map(({ row }) => row.porcentaje_ram), [host]);
  const { porcentaje_ram: used, uso_ram, ram_libre, total_ram } = host.latest.row;
  return (
    <UsageCard title={t('ram.title')} accent="ram" used={used} axis={axis} values={values}>
      <dt className="key-used">{t('usage.inUse')}</dt>
      <dd>{format.mebibytes(uso_ram)}</dd>
      <dt className="key-free">{t('usage.free')}</dt>
      <dd>{format.mebibytes(ram_libre)}</dd>
      <dt>{t('usage.total')}</dt>
      <dd>{format.mebibytes(total_ram)}</dd>
    </UsageCard>
  );
}
