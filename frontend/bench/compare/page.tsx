// A throw-away page: CPU and RAM over one hour in two charts, drawn anew for every row, by the library that the address
// names. All three are handed the same points, which are the dashboard's own: its stretches of four seconds.
import { io } from 'socket.io-client';
import '../../src/app/tokens.css';
import '../../src/app/app.css';
import { FollowingSource } from '../../src/shared/past/source';
import { StreamStore } from '../../src/shared/stream/store';
import { drawChartJs } from './chartjs';
import { drawRecharts } from './recharts';
import { drawUPlot } from './uplot';

/** Makes the two charts in an element and returns what draws them anew. */
export type Draw = (root: HTMLElement, source: FollowingSource) => () => void;

const libraries: Readonly<Record<string, Draw>> = {
  uplot: drawUPlot,
  chartjs: drawChartJs,
  recharts: drawRecharts,
};

const parameters = new URLSearchParams(location.search);
const draw = libraries[parameters.get('library') ?? ''];
const root = document.getElementById('root');
if (!draw || !root) throw new Error('which library?');

const store = new StreamStore({
  elapsed: () => performance.now(),
  frame: (callback) => requestAnimationFrame(callback),
});
const socket = io(parameters.get('feeder') ?? '', { transports: ['websocket'] });
socket.on('samples', (event) => store.samples(event));
socket.on('snapshot', (event) => {
  store.snapshot(event);
  const ask = (query: object) => socket.emitWithAck('history', query);
  const source = new FollowingSource(store, ask, event.rows[0]?.host ?? '', '1h');
  const drawNow = draw(root, source);
  source.subscribe(() => {
    drawNow();
    root.dataset.points = `${source.frame().x.length}`;
  });
});
