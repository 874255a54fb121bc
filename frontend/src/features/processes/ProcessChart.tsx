import { useId, useMemo } from 'react';
import type { Lane } from '../../shared/chart/frame';
import { TimeChart } from '../../shared/chart/TimeChart';
import { useI18n } from '../../shared/i18n/context';
import type { Source } from '../../shared/past/source';
import { states } from '../../shared/stream/series';

/** Processes over time: each state in a lane with a scale of its own, so that three zombies are seen beside a hundred sleepers. */
export function ProcessChart({ source }: { readonly source: Source }) {
  const { t, format } = useI18n();
  const heading = useId();
  const lanes = useMemo<Lane[]>(
    () =>
      states.map((state) => ({
        lines: [{ column: state, name: t(`processes.${state}`), accent: state, steps: true, area: true }],
        format: format.average,
      })),
    [t, format],
  );
  const peaks = states.flatMap((state) => {
    const spread = source.spread(state);
    return spread
      ? t('processes.lane', { state: t(`processes.${state}`), peak: format.count(spread.max) })
      : [];
  });
  return (
    <section className="card processes-time" aria-labelledby={heading}>
      <h2 id={heading}>{t('processes.overTime')}</h2>
      <ul className="lanes" aria-hidden="true">
        {states.map((state) => (
          <li key={state} className={state}>
            <span className="swatch" />
            {t(`processes.${state}`)}
          </li>
        ))}
      </ul>
      <TimeChart
        source={source}
        lanes={lanes}
        clock="hora"
        title={t('processes.overTime')}
        summary={peaks.length > 0 ? `${peaks.join(', ')}.` : t('chart.empty')}
        testId="process-chart"
      />
    </section>
  );
}
