import { byteCount } from "../core/quantity.ts";
import { type AnyGpuPoolArgs, defaultDisk, defaultPurchase, type PurchaseOption } from "./gpuPool.ts";

/** What one price is for. An hour of a machine; a GiB of disk for a month; a whole disk for a month; a GiB sent out. */
export type PriceUnit = "hour" | "GiB month" | "month" | "GiB";

/** List prices of one unit, way to buy and source, in US dollars without taxes. */
export interface PriceList {
  /** What one price is for. */
  readonly unit: PriceUnit;
  /** How it is bought. `spot`: what the cloud asked on `date`; it changes by the day or the month. */
  readonly purchase: "onDemand" | "spot";
  /**
   * The day on which the prices were read from the cloud, as far as the source says: `2026-07-20`, `2026`, or
   * `undated`.
   */
  readonly date: string;
  /** Where they are from, an address. The clouds' own price APIs are asked by `npm run prices` alone. */
  readonly source: string;
  /** By meter, then by region as the cloud names it. `*`: the source gives one price for every region. */
  readonly prices: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What a bill is for. Every item of a cluster is one of these. */
export type BilledKind = "controlPlane" | "systemNodes" | "gpuNodes" | "disks" | "loadBalancer" | "network" | "egress";

/** One thing that a cloud bills while a cluster is there. */
export interface BilledItem {
  /** What it is for. */
  readonly kind: BilledKind;
  /** For a person: the pool's key, `system`, or what the cloud calls it. */
  readonly name: string;
  /** The key of its price: a machine, a kind of disk. */
  readonly meter: string;
  /** What `least` and `most` count, each with this price. */
  readonly unit: PriceUnit;
  /** How the machines are bought. @default "onDemand" */
  readonly purchase?: PurchaseOption["kind"];
  /** How many units are billed while every pool is at its minimum. */
  readonly least: number;
  /** How many units are billed while every pool is at its maximum, without nodes that an upgrade adds for a while. */
  readonly most: number;
}

/** How one cloud bills. */
export interface Billing<Spec> {
  /** The cloud's list prices. Of two for the same thing, the younger holds. */
  readonly prices: readonly PriceList[];
  /** What is billed for a declared cluster, without what depends on traffic. */
  items(spec: Spec): BilledItem[];
  /** The meter of what leaves the cloud to the internet, in GiB. */
  readonly egress: string;
}

/** A price that was found. */
export interface Price {
  /** US dollars for one unit. */
  readonly dollars: number;
  /** `PriceList.date` of the list it is from. */
  readonly date: string;
  /** `PriceList.source` of the list it is from. */
  readonly source: string;
}

/** The youngest price of a meter in a region. Undefined: no list has it there. */
export function listPrice(
  lists: readonly PriceList[],
  {
    meter,
    unit,
    purchase,
    region,
  }: Pick<BilledItem, "meter" | "unit"> & Pick<PriceList, "purchase"> & { region: string },
): Price | undefined {
  let found: Price | undefined;
  for (const { prices, date, source, ...list } of lists) {
    if (list.unit !== unit || list.purchase !== purchase || !Object.hasOwn(prices, meter)) continue;
    const dollars = prices[meter]?.[region] ?? prices[meter]?.["*"];
    if (dollars !== undefined && (found === undefined || isYounger(date, found.date)))
      found = { dollars, date, source };
  }
  return found;
}

/** Whether one `PriceList.date` is younger than another. What is undated is older than anything. */
export function isYounger(date: string, than: string): boolean {
  return date !== "undated" && (than === "undated" || date > than);
}

/**
 * Nodes and boot disks of pools. `disk` gives the meter of a disk of so many GiB, what it counts, and how many units
 * one disk is; `accelerators` the meter of GPUs that a pool attaches to a machine, which are billed beside it.
 */
export function poolItems<Pool extends AnyGpuPoolArgs>(
  pools: Readonly<Record<string, Pool>>,
  disk: (gib: number, pool: Pool) => Pick<BilledItem, "meter" | "unit"> & { readonly units: number },
  accelerators: (pool: Pool) => { readonly meter: string; readonly count: number } | undefined = () => undefined,
): BilledItem[] {
  return Object.entries(pools).flatMap(([name, pool]): BilledItem[] => {
    const { machine, min, max, purchase = defaultPurchase } = pool;
    const nodes = { kind: "gpuNodes", name, unit: "hour", purchase: purchase.kind } as const;
    const attached = accelerators(pool);
    const { units, ...ofDisk } = disk(byteCount(pool.disk ?? defaultDisk) / 2 ** 30, pool);
    return [
      { ...nodes, meter: machine, least: min, most: max },
      ...(attached === undefined
        ? []
        : [{ ...nodes, meter: attached.meter, least: min * attached.count, most: max * attached.count }]),
      { kind: "disks", name, ...ofDisk, least: min * units, most: max * units },
    ];
  });
}

/** The fewest and the most nodes of all GPU pools together. */
export function nodesOf(pools: Readonly<Record<string, AnyGpuPoolArgs>>): { least: number; most: number } {
  const all = Object.values(pools);
  return { least: all.reduce((sum, { min }) => sum + min, 0), most: all.reduce((sum, { max }) => sum + max, 0) };
}
