import { type ReactNode, useId, useMemo } from 'react';
import type { Lane } from '../chart/frame';
import { TimeChart } from '../chart/TimeChart';
import { useI18n } from '../i18n/context';
import type { Source } from '../past/source';
import { Donut } from './Donut';
import './usage.css';

interface Props {
  readonly title: string;
  readonly quantity: 'cpu' | 'ram';
  readonly source: Source;
  readonly now: number | undefined; // percent in use; undefined where the page shows the past
  readonly children: ReactNode; // the numbers beside the pie of now: <dt>/<dd> pairs
}

/**
 * One resource of the VM: how much of it is in use, as a number and a pie, and over time. Of the past, that is the
 * average, with the highest and the lowest beside it.
 */
export function UsageCard({ title, quantity, source, now, children }: Props) {
  const { t, format } = useI18n();
  const heading = useId();
  const lanes = useMemo<Lane[]>(
    () => [
      {
        lines: [{ column: quantity, name: title, accent: quantity, area: true }],
        top: 100,
        format: format.percent,
      },
    ],
    [quantity, title, format],
  );

  const spread = source.spread(quantity);
  const used = now ?? spread?.avg;
  const frame = source.frame();
  const summary = spread
    ? t('chart.summary', {
        title,
        from: format.dateTime(frame.from * 1_000),
        to: format.dateTime(frame.to * 1_000),
        average: format.percent(spread.avg),
        min: format.percent(spread.min),
        max: format.percent(spread.max),
        gaps: format.count(frame.holes.length),
      })
    : t('chart.empty');

  return (
    <section className={`card usage ${quantity}`} aria-labelledby={heading}>
      <header className="usage-head">
        <div>
          <h2 id={heading}>
            {title}
            {now === undefined && ` · ${t('usage.average')}`}
          </h2>
          <p className="big now" data-known={used !== undefined}>
            {used === undefined ? '–' : format.percent(used)}
          </p>
          {now !== undefined && spread && (
            <p className="shown">
              {t('usage.spread', {
                average: format.percent(spread.avg),
                min: format.percent(spread.min),
                max: format.percent(spread.max),
              })}
            </p>
          )}
        </div>
        <div className="detail">
          <dl className="facts">
            {now === undefined ? <Extremes highest={spread?.max} lowest={spread?.min} /> : children}
          </dl>
          {used !== undefined && (
            <Donut
              percent={used}
              text={format.percent(wholePercent(used), 0)}
              label={t('usage.donut', {
                title,
                used: format.percent(used),
                free: format.percent(100 - used),
              })}
            />
          )}
        </div>
      </header>
      <TimeChart
        source={source}
        lanes={lanes}
        clock="hora"
        title={t('chart.inUse', { title })}
        summary={summary}
        testId={`${quantity}-chart`}
      />
    </section>
  );
}

/** Only nothing is 0 %, and only all is 100 %. */
function wholePercent(used: number): number {
  return used > 0 && used < 100 ? Math.min(Math.max(Math.round(used), 1), 99) : used;
}

interface ExtremesProps {
  readonly highest: number | undefined;
  readonly lowest: number | undefined;
}

function Extremes({ highest, lowest }: ExtremesProps) {
  const { t, format } = useI18n();
  const percent = (value: number | undefined) => (value === undefined ? '–' : format.percent(value));
  return (
    <>
      <dt>{t('usage.highest')}</dt>
      <dd>{percent(highest)}</dd>
      <dt>{t('usage.lowest')}</dt>
      <dd>{percent(lowest)}</dd>
    </>
  );
}
