import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { Area, CartesianGrid, ComposedChart, XAxis, YAxis } from 'recharts';
import { boxes, clock, colours, size } from './boxes';
import type { Draw } from './page';

export const drawRecharts: Draw = (root, source) => {
  const charts = boxes(root).map(({ element, quantity }) => ({ root: createRoot(element), quantity }));
  return () => {
    const { x, columns, from, to } = source.frame();
    for (const { root: chart, quantity } of charts) {
      const data = Array.from(x, (at, i) => ({
        at,
        avg: columns[quantity]?.[i],
        span: [columns[`${quantity}.min`]?.[i], columns[`${quantity}.max`]?.[i]],
      }));
      // In this frame, as the others draw.
      flushSync(() =>
        chart.render(
          <ComposedChart width={size.width} height={size.height} data={data}>
            <CartesianGrid vertical={false} />
            <XAxis dataKey="at" type="number" domain={[from, to]} allowDataOverflow tickFormatter={clock} />
            <YAxis domain={[0, 100]} />
            <Area dataKey="span" stroke="none" fill={colours[quantity]} isAnimationActive={false} />
            <Area
              dataKey="avg"
              stroke={colours[quantity]}
              fill={colours[quantity]}
              isAnimationActive={false}
            />
          </ComposedChart>,
        ),
      );
    }
  };
};
