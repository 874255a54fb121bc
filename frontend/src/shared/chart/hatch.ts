import uPlot from 'uplot';
import type { Hole } from './frame';

/** Hatches the stretches without samples over the whole height of the plot. */
export function hatchHoles(plot: uPlot, holes: readonly Hole[], colour: string): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const step = 7 * ratio;
  for (const { from, to } of holes) {
    const left = Math.max(plot.valToPos(from, 'x', true), bbox.left);
    const right = Math.min(plot.valToPos(to, 'x', true), bbox.left + bbox.width);
    if (right <= left) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.beginPath();
    // Anchored to the plot's corner, not to the hole, so that the pattern stands still as the hole moves left.
    const start = left - ((left - bbox.left) % step) - bbox.height - (bbox.height % step);
    for (let x = start; x < right; x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.5 * ratio;
    ctx.stroke();
    ctx.restore();
  }
}
