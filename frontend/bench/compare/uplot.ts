import type { Lane } from '../../src/shared/chart/frame';
import { Plot } from '../../src/shared/chart/plot';
import '../../src/shared/chart/chart.css';
import { boxes, clock } from './boxes';
import type { Draw } from './page';

export const drawUPlot: Draw = (root, source) => {
  const plots = boxes(root).map(({ element, quantity }) => {
    element.classList.add('chart');
    const lane: Lane = {
      lines: [{ column: quantity, name: quantity, accent: quantity, area: true }],
      top: 100,
      format: (value) => `${value}%`,
    };
    const spec = {
      lanes: [lane],
      sync: 'hora',
      theme: 'light',
      noData: '',
      tick: clock,
      moment: String,
      say() {},
    };
    return new Plot(element, spec, source.frame());
  });
  return () => {
    for (const plot of plots) plot.draw(source.frame());
  };
};
