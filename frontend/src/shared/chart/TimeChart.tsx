import { type KeyboardEvent, useContext, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useI18n } from '../i18n/context';
import { ShownContext } from '../range/context';
import { useTheme } from '../theme/theme';
import type { FrameSource, Lane } from './frame';
import { savePicture } from './image';
import { Plot, type PlotSpec } from './plot';
import './chart.css';

interface Props {
  readonly source: FrameSource;
  readonly lanes: readonly Lane[]; // another object makes another chart
  readonly clock: 'hora' | 'recibido'; // of the time axis
  readonly title: string;
  readonly summary: string; // what the picture says, in words
  readonly testId: string;
}

interface Pointed {
  readonly index: number;
  readonly text: string;
}

const far = 10; // points that a step with Ctrl goes

/**
 * A chart over time: what is drawn is the source's and the lanes', how is Plot's. With the keyboard it is a slider: the
 * arrows move the crosshair, with Shift they select, Enter zooms in, Escape goes back.
 */
export function TimeChart({ source, lanes, clock, title, summary, testId }: Props) {
  const { t, format } = useI18n();
  const theme = useTheme();
  const { host, zoom, back } = useContext(ShownContext);
  const description = useId();
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const [pointed, setPointed] = useState<Pointed>();

  const zooms = clock === 'hora';
  const spec = useMemo<PlotSpec>(
    () => ({
      lanes,
      sync: clock,
      theme,
      noData: t('chart.noData'),
      tick: format.tick,
      moment: (seconds, step) => format.moment(seconds, step),
      ...(zooms && { zoom, back }),
      say: (text, index) => {
        // Whoever points with a mouse sees it; for the keyboard it is said.
        if (document.activeElement === element.current) setPointed({ text, index });
      },
    }),
    [lanes, clock, theme, t, format, zooms, zoom, back],
  );

  const latest = useRef(spec);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lanes are what a chart is made of, all else is updated
  useEffect(() => {
    const place = element.current;
    if (!place) return undefined;
    const made = new Plot(place, latest.current, source.frame());
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, [lanes, clock]);

  useEffect(() => {
    latest.current = spec;
    plot.current?.update(spec);
  }, [spec]);

  useEffect(() => {
    const draw = () => {
      const frame = source.frame();
      plot.current?.draw(frame);
      const points = `${frame.x.length}`;
      if (element.current && element.current.dataset.points !== points)
        element.current.dataset.points = points;
    };
    draw();
    return source.subscribe(draw);
  }, [source]);

  function press(event: KeyboardEvent): void {
    const by = moves[event.key];
    if (by !== undefined) plot.current?.move(event.ctrlKey ? by * far : by, event.shiftKey && zooms);
    else if (event.key === 'Enter' && zooms) {
      setPointed(undefined);
      plot.current?.zoomIn();
    } else if (event.key === 'Escape') {
      setPointed(undefined);
      if (!plot.current?.clear() && zooms) back();
    } else return;
    event.preventDefault();
  }

  const lines = lanes.flatMap((lane) => lane.lines);
  const { x, holes, to } = source.frame();
  const clockName = `${t(clock === 'hora' ? 'chart.hora' : 'chart.recibido')} · ${format.date(to * 1_000)}`;
  return (
    <figure className="time-chart">
      <div
        className="chart"
        ref={element}
        role="slider"
        tabIndex={0}
        aria-label={title}
        aria-describedby={description}
        aria-valuemin={0}
        aria-valuemax={Math.max(x.length - 1, 0)}
        aria-valuenow={pointed?.index ?? 0}
        aria-valuetext={pointed?.text ?? t('chart.nowhere')}
        onKeyDown={press}
        onBlur={() => {
          plot.current?.clear();
          setPointed(undefined);
        }}
        data-testid={testId}
      />
      <p className="visually-hidden" id={description}>
        {summary} {t(zooms ? 'chart.keys' : 'chart.keysStill')}
      </p>
      <figcaption className="chart-foot">
        {holes.length > 0 && <span className="hatched">{t('chart.noData')}</span>}
        <span className="axis-title">{clockName}</span>
        <button
          type="button"
          className="quiet"
          aria-label={t('chart.savePicture', { title })}
          onClick={() => {
            const chart = plot.current?.picture();
            if (!chart || !element.current) return;
            const caption = {
              title: zooms ? `${title} · ${host || t('host.unnamed')}` : title,
              clock: clockName,
              keys: lines.length > 1 ? lines : [],
            };
            savePicture(chart, element.current, caption, `pulso-${testId}-${fileTime(to)}`);
          }}
        >
          PNG
        </button>
      </figcaption>
    </figure>
  );
}

const moves: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowUp: 1,
  PageDown: -far * far,
  PageUp: far * far,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

function fileTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 19).replaceAll(/[:-]/g, '');
}
