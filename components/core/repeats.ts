/** Something whose key another one had before it. */
export interface Repeat<Item> {
  /** The one that comes later. */
  readonly item: Item;
  /** The first with the same key. */
  readonly first: Item;
}

/** Every item whose key an earlier item has, with the first that has it. An item without a key repeats nothing. */
export function repeats<Item>(items: readonly Item[], keyOf: (item: Item) => string | undefined): Repeat<Item>[] {
  const firsts = new Map<string, Item>();
  return items.flatMap((item) => {
    const key = keyOf(item);
    if (key === undefined) return [];
    const first = firsts.get(key);
    if (first !== undefined) return [{ item, first }];
    firsts.set(key, item);
    return [];
  });
}
