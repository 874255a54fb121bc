/** Remembers the values of the last `limit` new keys: what an open page must not forget cannot grow for ever. */
export class Recent<K, V> {
  readonly #limit: number;
  readonly #entries = new Map<K, V>(); // in order of insertion

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Adds a key; false when it is known already, and then keeps the value that it has. */
  add(key: K, value: V): boolean {
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, value);
    if (this.#entries.size > this.#limit) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) this.#entries.delete(oldest.value);
    }
    return true;
  }

  clear(): void {
    this.#entries.clear();
  }
}
