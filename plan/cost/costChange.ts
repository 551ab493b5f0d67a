import { type ClusterCost, type CostRange, type EnvironmentCost, noCost } from "./cost.ts";

/** What a plan costs more or less than an earlier one. */
export type CostChange =
  /** The earlier plan has no cost: an older version made it. */
  | { readonly kind: "unknown" }
  /** Both cost the same, cluster by cluster. */
  | { readonly kind: "same"; readonly after: CostRange }
  /** Dollars a month of the later plan, less those of the earlier one, at each end of the range. */
  | {
      readonly kind: "differs";
      /** In all. */
      readonly difference: CostRange;
      /** The later cost, in all. */
      readonly after: CostRange;
      /** Of the clusters whose cost differs; one that is not in a plan costs nothing there. */
      readonly clusters: readonly {
        readonly cluster: string;
        readonly difference: CostRange;
        readonly after: CostRange;
      }[];
      /** Something has a price of another day, so not all of the difference is of the declaration. */
      readonly pricesDiffer: boolean;
    };

/** The difference between an earlier cost and a later one. */
export function costChange(before: EnvironmentCost | undefined, after: EnvironmentCost): CostChange {
  if (before === undefined) return { kind: "unknown" };
  const names = new Set([...after.clusters, ...before.clusters].map(({ cluster }) => cluster));
  const of = (clusters: readonly ClusterCost[], name: string) =>
    clusters.find(({ cluster }) => cluster === name)?.month ?? noCost;
  const clusters = [...names]
    .map((cluster) => ({
      cluster,
      difference: less(of(after.clusters, cluster), of(before.clusters, cluster)),
      after: of(after.clusters, cluster),
    }))
    .filter(({ difference }) => difference.least !== 0 || difference.most !== 0);
  if (clusters.length === 0) return { kind: "same", after: after.month };
  return {
    kind: "differs",
    difference: less(after.month, before.month),
    after: after.month,
    clusters,
    pricesDiffer: isRepriced(before, after),
  };
}

/** Whether something that both are billed for has a price of another day. */
function isRepriced(before: EnvironmentCost, after: EnvironmentCost): boolean {
  const dates = ({ clusters }: EnvironmentCost) =>
    clusters.flatMap(({ cluster, items }) =>
      items.map(({ kind, name, meter, date }) => [JSON.stringify([cluster, kind, name, meter]), date] as const),
    );
  const old = new Map(dates(before));
  return dates(after).some(([item, date]) => (old.get(item) ?? date) !== date);
}

function less(after: CostRange, before: CostRange): CostRange {
  const cents = (value: number) => Math.round(value * 100) / 100;
  return { least: cents(after.least - before.least), most: cents(after.most - before.most) };
}
