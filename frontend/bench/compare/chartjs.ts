import { Chart, Filler, LinearScale, LineController, LineElement, type Point, PointElement } from 'chart.js';
import { boxes, clock, colours } from './boxes';
import type { Draw } from './page';

Chart.register(Filler, LinearScale, LineController, LineElement, PointElement);

// As its documentation on performance advises: numbers that are parsed and sorted already, no animation, no points.
export const drawChartJs: Draw = (root, source) => {
  const charts = boxes(root).map(({ element, quantity }) => {
    const canvas = document.createElement('canvas');
    element.append(canvas);
    const line = (column: string, fill: boolean | string) => ({ column, fill });
    const lines = [line(`${quantity}.min`, false), line(`${quantity}.max`, '-1'), line(quantity, 'origin')];
    const chart = new Chart<'line', Point[]>(canvas, {
      type: 'line',
      data: {
        datasets: lines.map(({ fill }, i) => ({
          data: [],
          fill,
          borderWidth: i === 2 ? 1.5 : 0,
          borderColor: colours[quantity],
          backgroundColor: `${colours[quantity]}30`,
        })),
      },
      options: {
        animation: false,
        parsing: false,
        normalized: true,
        maintainAspectRatio: false,
        elements: { point: { radius: 0 } },
        scales: {
          x: {
            type: 'linear',
            ticks: { callback: (at) => clock(Number(at)), includeBounds: false, maxRotation: 0 },
          },
          y: { type: 'linear', min: 0, max: 100 },
        },
      },
    });
    return { chart, lines };
  });
  return () => {
    const { x, columns, from, to } = source.frame();
    for (const { chart, lines } of charts) {
      lines.forEach(({ column }, i) => {
        const values = columns[column];
        const dataset = chart.data.datasets[i];
        if (dataset && values) dataset.data = Array.from(x, (at, j) => ({ x: at, y: values[j] ?? 0 }));
      });
      Object.assign(chart.options.scales?.x ?? {}, { min: from, max: to });
      chart.update('none');
    }
  };
};
