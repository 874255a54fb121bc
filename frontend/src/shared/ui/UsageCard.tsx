import { type ReactNode, useId, useMemo } from 'react';
import type { TimeAxis } from '../chart/axis';
import type { PlotSpec } from '../chart/plot';
import { TimeChart } from '../chart/TimeChart';
import { useI18n } from '../i18n/context';
import { useTheme } from '../theme/theme';
import { Donut } from './Donut';

interface Props {
  readonly title: string;
  readonly accent: 'cpu' | 'ram';
  readonly used: number; // percent, now
  readonly axis: TimeAxis;
  readonly values: readonly number[]; // percent, one per point of the axis
  readonly children: ReactNode; // the numbers beside the pie: <dt>/<dd> pairs
}

/** One resource of the VM: how much of it is in use now, as a number and a pie, and over the live window. */
export function UsageCard({ title, accent, used, axis, values, children }: Props) {
  const { t, format } = useI18n();
  const theme = useTheme();
  const heading = useId();

  const spec = useMemo<PlotSpec>(
    () => ({
      ...axis,
      y: values,
      accent,
      theme,
      formatX: (seconds) => format.time(seconds * 1_000),
      formatY: format.percent,
      noData: t('chart.noData'),
    }),
    [axis, values, accent, theme, format, t],
  );

  const summary = t('chart.summary', {
    title,
    from: format.time(axis.from * 1_000),
    to: format.time(axis.to * 1_000),
    now: format.percent(used),
    min: format.percent(values.reduce((a, b) => Math.min(a, b), 100)),
    max: format.percent(values.reduce((a, b) => Math.max(a, b), 0)),
    gaps: format.count(axis.holes.length),
  });

  return (
    <section className={`card usage ${accent}`} aria-labelledby={heading}>
      <header className="usage-head">
        <div>
          <h2 id={heading}>{title}</h2>
          <p className="big now">{format.percent(used)}</p>
        </div>
        <div className="detail">
          <dl className="facts">{children}</dl>
          <Donut
            percent={used}
            text={format.percent(used, 0)}
            label={t('usage.donut', { title, used: format.percent(used), free: format.percent(100 - used) })}
          />
        </div>
      </header>
      <TimeChart spec={spec} summary={summary} testId={`${accent}-chart`} />
      <footer className="chart-foot">
        {axis.holes.length > 0 && <span className="hatched">{t('chart.noData')}</span>}
        <span className="axis-title">
          {t('chart.axis')} · {format.date(axis.to * 1_000)}
        </span>
      </footer>
    </section>
  );
}
