export type Quantity = 'cpu' | 'ram';

/** Two boxes side by side, of the size that the dashboard's charts have. */
export function boxes(root: HTMLElement): { element: HTMLElement; quantity: Quantity }[] {
  root.style.display = 'flex';
  root.style.gap = '56px';
  return (['cpu', 'ram'] as const).map((quantity) => {
    const element = document.createElement('div');
    element.dataset.testid = `${quantity}-chart`;
    Object.assign(element.style, {
      width: `${size.width}px`,
      height: `${size.height}px`,
      position: 'relative',
    });
    root.append(element);
    return { element, quantity };
  });
}

export const size = { width: 650, height: 234 };

export const colours = { cpu: '#0072b2', ram: '#8455b5' };

/** A label of the time axis. */
export function clock(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(11, 16);
}
