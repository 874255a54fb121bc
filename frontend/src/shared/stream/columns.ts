/**
 * Numbers in columns of equal length that grow at the end and shrink at the front, in memory that is bounded by the
 * longest they ever were. Looking at a column copies nothing: a view is good until the next change.
 */
export class Columns<Name extends string> {
  readonly #columns: Map<Name, Float64Array>;
  #start = 0;
  #end = 0;

  constructor(names: readonly Name[]) {
    this.#columns = new Map(names.map((name) => [name, new Float64Array(smallest)]));
  }

  get length(): number {
    return this.#end - this.#start;
  }

  column(name: Name): Float64Array {
    return this.#memory(name).subarray(this.#start, this.#end);
  }

  at(name: Name, index: number): number {
    return this.#memory(name)[this.#start + index] ?? Number.NaN;
  }

  set(name: Name, index: number, value: number): void {
    this.#memory(name)[this.#start + index] = value;
  }

  /** Makes room for one more at an index, up to the length; the numbers there are undefined until they are set. */
  insert(index: number): void {
    this.#makeRoom();
    const at = this.#start + index;
    if (at < this.#end) {
      for (const memory of this.#columns.values()) memory.copyWithin(at + 1, at, this.#end);
    }
    this.#end += 1;
  }

  dropFront(count: number): void {
    this.#start += count;
  }

  #memory(name: Name): Float64Array {
    const memory = this.#columns.get(name);
    if (!memory) throw new Error(`no column ${name}`);
    return memory;
  }

  /** The end is where it goes on; when it is reached, what is left moves to the front of half-empty memory or of more. */
  #makeRoom(): void {
    for (const [name, memory] of this.#columns) {
      if (this.#end < memory.length) return;
      const size = this.length > memory.length / 2 ? memory.length * 2 : memory.length;
      const moved = size > memory.length ? new Float64Array(size) : memory;
      moved.set(memory.subarray(this.#start, this.#end));
      this.#columns.set(name, moved);
    }
    this.#end -= this.#start;
    this.#start = 0;
  }
}

const smallest = 512;

/** The index of the first number that is not below a value; numbers ascend. */
export function firstNotBelow(column: Float64Array, value: number): number {
  let low = 0;
  let high = column.length;
  // Almost always the value belongs at the end.
  if (high > 0 && (column[high - 1] ?? value) < value) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((column[middle] ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
