/** What stands above and below a chart in its picture. */
export interface Caption {
  readonly title: string;
  readonly clock: string; // of the time axis
  readonly keys: readonly { readonly name: string; readonly accent: string }[]; // of the lines
}

const margin = 16; // CSS px
const titleHeight = 28;

/**
 * Saves a chart as a PNG in the colours of an element, with its title and the name of its clock: alone it would say
 * nothing of either.
 */
export function savePicture(
  chart: HTMLCanvasElement,
  styled: HTMLElement,
  { title, clock, keys }: Caption,
  name: string,
): void {
  const ratio = devicePixelRatio;
  const canvas = document.createElement('canvas');
  canvas.width = chart.width + 2 * margin * ratio;
  canvas.height = chart.height + (2 * titleHeight + margin) * ratio;
  const ctx = canvas.getContext('2d');
  if (!ctx) return;
  const style = getComputedStyle(styled);
  const token = (token: string) => style.getPropertyValue(`--${token}`).trim();
  ctx.fillStyle = token('card');
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(chart, margin * ratio, titleHeight * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = token('text');
  ctx.font = `600 14px ${style.fontFamily}`;
  ctx.fillText(title, margin, 20);
  let x = margin + ctx.measureText(title).width + 2 * margin;
  ctx.font = `12px ${style.fontFamily}`;
  for (const { name, accent } of keys) {
    ctx.fillStyle = token(accent);
    ctx.fillRect(x, 11, 9, 9);
    ctx.fillStyle = token('text');
    ctx.fillText(name, x + 14, 20);
    x += 14 + ctx.measureText(name).width + margin;
  }
  ctx.fillStyle = token('muted');
  ctx.font = `italic 12px ${style.fontFamily}`;
  ctx.textAlign = 'right';
  ctx.fillText(clock, canvas.width / ratio - margin, canvas.height / ratio - margin);
  canvas.toBlob((blob) => {
    if (blob) download(URL.createObjectURL(blob), `${name}.png`);
  });
}

/** Lets the browser save an address under a name. */
export function download(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by the next task; what it holds in memory may go.
  if (url.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
