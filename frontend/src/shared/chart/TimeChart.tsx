import { useEffect, useRef } from 'react';
import { Plot, type PlotSpec } from './plot';

interface Props {
  readonly spec: PlotSpec;
  readonly summary: string; // what the picture says, in words
  readonly testId: string;
}

/** A chart of one quantity over time. What is drawn is the spec's; how is Plot's. */
export function TimeChart({ spec, summary, testId }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const latest = useRef(spec);

  useEffect(() => {
    if (!element.current) return undefined;
    const made = new Plot(element.current, latest.current);
    plot.current = made;
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, []);

  useEffect(() => {
    latest.current = spec;
    plot.current?.update(spec);
  }, [spec]);

  return (
    <div
      className="chart"
      ref={element}
      role="img"
      aria-label={summary}
      data-testid={testId}
      data-points={spec.x.length}
    />
  );
}
