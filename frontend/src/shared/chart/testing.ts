// Stands in for plot.ts where there is no canvas: what is drawn is looked at in a browser, what is declared here.
import type { Frame } from './frame';
import type { PlotSpec } from './plot';

const charts = new Map<string, { spec: PlotSpec; frame: Frame }>(); // by the test id of their elements

export class Plot {
  readonly #id: string;

  constructor({ dataset }: HTMLElement, spec: PlotSpec, frame: Frame) {
    this.#id = dataset.testid ?? '';
    charts.set(this.#id, { spec, frame });
  }

  update(spec: PlotSpec): void {
    charts.set(this.#id, { ...chart(this.#id), spec });
  }

  draw(frame: Frame): void {
    charts.set(this.#id, { ...chart(this.#id), frame });
  }

  clear(): boolean {
    return false;
  }

  destroy(): void {
    charts.delete(this.#id);
  }
}

/** What a chart was told last. */
export function chart(id: string): { spec: PlotSpec; frame: Frame } {
  const found = charts.get(id);
  if (!found) throw new Error(`there is no chart ${id}`);
  return found;
}

export function drawn(id: string, column: string): number[] {
  return [...(chart(id).frame.columns[column] ?? [])];
}
