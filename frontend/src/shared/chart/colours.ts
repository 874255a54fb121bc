import uPlot from 'uplot';
import type { Ink } from './trace';

/** What a chart is drawn with, read from the style sheet's tokens. */
export interface Colours {
  readonly lines: ReadonlyMap<string, LineColours>; // by accent
  readonly grid: string;
  readonly text: string;
  readonly hatch: string;
}

export interface LineColours {
  readonly stroke: string;
  readonly ink: Ink; // with an area
  readonly bare: Ink; // and without
}

const spanOpacity = 0.28;
const lineWidth = 1.5; // CSS px

export function readColours(element: HTMLElement, accents: readonly string[]): Colours {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    lines: new Map(accents.map((accent) => [accent, inkOf(token(accent), token(`${accent}-area`))])),
    grid: token('grid'),
    text: token('muted'),
    hatch: token('hatch'),
  };
}

/** The numbers of two colours; the second one is the first with an opacity. */
function inkOf(stroke: string, area: string): LineColours {
  const [red = 0, green = 0, blue = 0] = numbersOf(stroke);
  const opacity = (numbersOf(area)[3] ?? 0) / 255;
  const bare = { red, green, blue, area: 0, span: spanOpacity, width: lineWidth * uPlot.pxRatio };
  return { stroke, bare, ink: { ...bare, area: opacity } };
}

/** A colour in whatever notation, as a pixel has it. */
function numbersOf(colour: string): Uint8ClampedArray | number[] {
  const ctx = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!ctx) return [];
  ctx.fillStyle = colour;
  ctx.fillRect(0, 0, 1, 1);
  return ctx.getImageData(0, 0, 1, 1).data;
}
