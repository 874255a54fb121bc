// Counts what a page draws. A frame counts when a chart is drawn in it after a row has arrived that no counted frame has
// drawn: one that draws the same once more, or only moves what was there, does not.
import { metrics } from './chromium.mjs';

const windows = 5;
const seconds = 10; // of each
const warmUp = 10; // s
const checked = 5; // s

/** Must run in the page before anything of it does. `selector` is that of the chart. */
export function watch(selector) {
  // Events and frames so far; frame is the time of the current one, counted that of the last one that counts.
  const seen = { arrived: 0, drawn: 0, fresh: 0, frames: 0, frame: 0, counted: 0, pause: 0 };
  window.benchFrames = seen;

  class CountingSocket extends WebSocket {
    constructor(...args) {
      super(...args);
      // Before the page's own listener, which hands the row on at once.
      this.addEventListener('message', ({ data }) => {
        if (typeof data === 'string' && data.startsWith('42["samples"')) seen.arrived += 1;
      });
    }
  }
  window.WebSocket = CountingSocket;

  // The page's own frames are counted, not asked for: that costs time.
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    request((now) => {
      seen.frames += Number(now !== seen.frame);
      seen.frame = now;
      callback(now);
    });

  const draw = () => {
    if (seen.arrived === seen.drawn || seen.frame === seen.counted) return;
    seen.drawn = seen.arrived;
    seen.fresh += 1;
    seen.pause = Math.max(seen.pause, seen.frame - seen.counted);
    seen.counted = seen.frame;
  };
  // A canvas is cleared when it is drawn anew, or gets other pixels. One that is not on the screen does not count.
  const shown = new WeakMap();
  const isShown = (canvas) => {
    if (!canvas.closest?.(selector)) return false;
    if (!shown.has(canvas)) shown.set(canvas, canvas.checkVisibility());
    return shown.get(canvas);
  };
  const watchMethod = (prototype, name) => {
    const original = prototype[name];
    prototype[name] = function (...args) {
      if (isShown(this.canvas)) draw();
      return original.apply(this, args);
    };
  };
  watchMethod(CanvasRenderingContext2D.prototype, 'clearRect');
  watchMethod(CanvasRenderingContext2D.prototype, 'putImageData');
  watchMethod(ImageBitmapRenderingContext.prototype, 'transferFromImageBitmap');
  // A drawing in the document changes its paths, or has others in their place.
  const isPath = (node) => node instanceof SVGElement && (node.matches('path') || node.querySelector('path'));
  new MutationObserver((changes) => {
    const changed = changes.some(
      ({ target, type, addedNodes }) =>
        target.parentElement?.closest(selector) && (type === 'attributes' || [...addedNodes].some(isPath)),
    );
    if (changed) draw();
  }).observe(document, { subtree: true, childList: true, attributeFilter: ['d'] });
}

/**
 * Warms up and measures windows: frames a second that drew something new, the percentage of the time in which the main
 * thread was busy, and what explains them. Busy is Chromium's TaskDuration, the time from a task's beginning to its
 * end, in which the slowed CPU's waiting is (`describe` measures that), and whatever else the machine did meanwhile.
 */
export async function measureFrames({ page, session }) {
  const all = { fps: [], frames: [], rows: [], pause: [], busy: [] };
  await page.waitForTimeout(warmUp * 1_000);
  for (let i = 0; i < windows; i += 1) {
    const before = await look(page, session);
    await page.waitForTimeout(seconds * 1_000);
    const after = await look(page, session);
    const rate = (name) => (after[name] - before[name]) / (after.at - before.at);
    all.fps.push(rate('fresh'));
    all.frames.push(rate('frames'));
    all.rows.push(rate('arrived'));
    all.pause.push(after.pause);
    all.busy.push(100 * rate('busy'));
  }
  return all;
}

async function look(page, session) {
  const { Timestamp: at, TaskDuration: busy } = await metrics(session);
  const counted = await page.evaluate(() => {
    const { arrived, fresh, frames, pause } = window.benchFrames;
    window.benchFrames.pause = 0;
    return { arrived, fresh, frames, pause };
  });
  return { at, busy, ...counted };
}

/**
 * The percentage of the frames that count after which a canvas of the chart holds other pixels than after the one
 * before. To read them back costs time, so that this comes after the measurement.
 */
export async function checkPictures({ page }, selector) {
  const share = await page.evaluate(comparePictures, { selector, ms: checked * 1_000 });
  if (!(share > 90)) throw new Error(`only ${share} % of the frames that were counted look different`);
  return share;
}

async function comparePictures({ selector, ms }) {
  const scratch = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const pixelsOf = (canvas) => {
    scratch.canvas.width = canvas.width; // this clears it
    scratch.canvas.height = canvas.height;
    scratch.drawImage(canvas, 0, 0);
    return new Uint32Array(scratch.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  };
  const canvases = () => [...document.querySelectorAll(`${selector} canvas`)];
  const read = () =>
    canvases()
      .filter((canvas) => canvas.checkVisibility())
      .map(pixelsOf);
  const end = performance.now() + ms;
  let { fresh } = window.benchFrames;
  let counted = 0;
  let different = 0;
  for (let before = read(); performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve));
    if (window.benchFrames.fresh === fresh) continue;
    const pictures = read();
    fresh = window.benchFrames.fresh;
    counted += 1;
    different += Number(pictures.some((picture, i) => picture.some((pixel, j) => pixel !== before[i]?.[j])));
    before = pictures;
  }
  return (100 * different) / counted;
}
