const distance = 12; // CSS px between the crosshair and the tooltip

/** What a tooltip says: when, and a line for each number. */
export interface TipText {
  readonly when: string;
  readonly lines: readonly { readonly name: string; readonly accent: string; readonly text: string }[];
}

/** The note beside the crosshair. It stands on the side with more room, so that it never covers what it names. */
export class Tip {
  readonly element: HTMLElement;
  #shown = '';

  constructor() {
    this.element = document.createElement('div');
    this.element.className = 'tip';
    this.element.hidden = true;
    this.element.setAttribute('aria-hidden', 'true'); // the chart itself says it to a screen reader
  }

  hide(): void {
    // Also the same value again makes the browser look at the page's style.
    if (!this.element.hidden) this.element.hidden = true;
  }

  /** Shows a text beside a point of an area of this size, in CSS px. */
  show(text: TipText, x: number, y: number, width: number, height: number): void {
    this.element.hidden = false;
    this.#write(text);
    const { offsetWidth, offsetHeight } = this.element;
    const left = x < width / 2 ? x + distance : x - distance - offsetWidth;
    const top = Math.min(Math.max(y - offsetHeight / 2, 0), Math.max(height - offsetHeight, 0));
    this.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  #write({ when, lines }: TipText): void {
    const shown = JSON.stringify([when, lines]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (lines.length === 1) {
      this.element.replaceChildren(`${when} · ${lines[0]?.text}`);
      return;
    }
    const rows = lines.map(({ name, accent, text }) => {
      const row = document.createElement('div');
      row.className = `tip-row ${accent}`;
      const label = document.createElement('span');
      label.textContent = name;
      const value = document.createElement('b');
      value.textContent = text;
      row.append(label, value);
      return row;
    });
    this.element.replaceChildren(when, ...rows);
  }
}
