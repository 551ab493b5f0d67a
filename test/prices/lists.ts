import type { PriceList } from "../../components/cluster/billing.ts";

/** One price as a cloud's API gave it. */
export interface FoundPrice extends Pick<PriceList, "unit" | "purchase"> {
  meter: string;
  region: string;
  dollars: number;
}

/** New prices before the old lists, which lose what the new ones have. A price that is not above 0 is left out. */
export function refreshed(
  old: readonly PriceList[],
  found: readonly FoundPrice[],
  { source, date }: Pick<PriceList, "source" | "date">,
): PriceList[] {
  const fresh = new Map<string, PriceList & { prices: Record<string, Record<string, number>> }>();
  for (const { unit, purchase, meter, region, dollars } of found.filter((one) => one.dollars > 0)) {
    const key = `${unit} ${purchase}`;
    const list = fresh.get(key) ?? { unit, purchase, date, source, prices: {} };
    const regions = list.prices[meter] ?? {};
    // The first tier of a price that falls with the amount is the one that counts here.
    regions[region] ??= dollars;
    list.prices[meter] = regions;
    fresh.set(key, list);
  }
  const kept = old.flatMap((list) => {
    const replaced = fresh.get(`${list.unit} ${list.purchase}`)?.prices ?? {};
    const prices = Object.entries(list.prices).flatMap(([meter, regions]) => {
      const left = Object.entries(regions).filter(([region]) => replaced[meter]?.[region] === undefined);
      return left.length === 0 ? [] : [[meter, Object.fromEntries(left)] as const];
    });
    return prices.length === 0 ? [] : [{ ...list, prices: Object.fromEntries(prices) }];
  });
  return [...[...fresh.values()].map(sorted), ...kept];
}

function sorted(list: PriceList): PriceList {
  const byKey = <Value>(of: Readonly<Record<string, Value>>) => Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...list,
    prices: Object.fromEntries(
      byKey(list.prices).map(([meter, regions]) => [meter, Object.fromEntries(byKey(regions))]),
    ),
  };
}
