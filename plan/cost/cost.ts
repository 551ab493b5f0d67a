import { type BilledItem, type BilledKind, listPrice, type PriceList } from "../../components/cluster/billing.ts";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { byteCount, dollars, ratio } from "../../components/core/quantity.ts";
import type { Spending } from "../../stacks/environments/budget.ts";
import type { Environment } from "../../stacks/environments/environment.ts";

/** US dollars a month, from every pool at its `min` to every pool at its `max`, rounded to cents. */
export interface CostRange {
  /** With every pool at its `min` all month. At least 0, and at most `most`. */
  readonly least: number;
  /** With every pool at its `max` all month. */
  readonly most: number;
}

/** The cost of one thing that a cloud bills. */
export interface CostItem {
  /** What it is for. */
  readonly kind: BilledKind;
  /** The pool's key, `system`, or what the cloud calls it. */
  readonly name: string;
  /** What has the price: a machine, a kind of disk. */
  readonly meter: string;
  /** What the price is for, and `units` counts. */
  readonly unit: BilledItem["unit"];
  /** How many are billed at once, at least and at most. */
  readonly units: CostRange;
  /** US dollars for one unit, with the declared share of the list price. */
  readonly price: number;
  /** The day of the list price, as far as its source says: `2026-07-20`, `2026`, `undated`. */
  readonly date: string;
  /** The address that the list price is from. */
  readonly source: string;
  /** Dollars a month: units × price, with 730 hours. */
  readonly month: CostRange;
}

/** Something that is billed, and whose price is not known here. It is in no sum. */
export interface Unpriced {
  /** What it is for. */
  readonly kind: BilledKind;
  /** The pool's key, `system`, or what the cloud calls it. */
  readonly name: string;
  /** What has no price, and where, for a person. */
  readonly reason: string;
}

/** What one cluster costs. */
export interface ClusterCost {
  /** The key of the cluster in the environment. */
  readonly cluster: string;
  /** `priced`: by a cloud's list prices. `own`: machines of yours, which no cloud bills. `unknown`: no prices. */
  readonly bill: "priced" | "own" | "unknown";
  /** The sum of its items. */
  readonly month: CostRange;
  /** What has a price. */
  readonly items: readonly CostItem[];
  /** What has none. */
  readonly unpriced: readonly Unpriced[];
}

/** What an environment costs, as `serin plan --json` prints it. */
export interface EnvironmentCost {
  /** Of every number here. Taxes, support and discounts that are not declared are in none. */
  readonly currency: "USD";
  /** The sum of its clusters. */
  readonly month: CostRange;
  /** One for each cluster, in the order of the environment. */
  readonly clusters: readonly ClusterCost[];
  /** The oldest and the youngest day of the prices that were used. Absent: none with a date was. */
  readonly pricesOf?: { readonly oldest: string; readonly youngest: string };
  /** How many items have a price whose source has no date. */
  readonly undated: number;
  /** Whether the traffic to the internet is counted. */
  readonly egress: "counted" | "not declared";
  /** How it stands against the budget. Absent: there is none. */
  readonly budget?: BudgetVerdict;
}

/** How a cost stands against a budget. */
export interface BudgetVerdict {
  /** Dollars a month. */
  readonly perMonth: number;
  /** Which end of the range must stay within it. */
  readonly counts: "least" | "most";
  /**
   * `over`: what has a price is too much already. `undetermined`: it is not, but something that is billed has no price.
   */
  readonly status: "within" | "over" | "undetermined";
}

/** Hours of a month, as the clouds count one in their own calculators: 365 × 24 ÷ 12. */
export const hoursOfMonth = 730;

/** Nothing costs nothing. */
export const noCost: CostRange = { least: 0, most: 0 };

/** The sum of ranges, each rounded to cents, so that it is what a person gets who adds them. */
export function sumOf(ranges: readonly CostRange[]): CostRange {
  return ranges.reduce(
    (sum, { least, most }) => ({ least: cents(sum.least + least), most: cents(sum.most + most) }),
    noCost,
  );
}

/** What an environment costs in a month, by list prices that are part of this program. Nothing is asked. */
export function environmentCost(environment: Pick<Environment, "clusters" | "budget" | "spending">): EnvironmentCost {
  const { clusters: declared, budget, spending = {} } = environment;
  const count = Object.keys(declared).length;
  const clusters = Object.entries(declared).map(([cluster, spec]) => clusterCost(cluster, spec, spending, count));
  const month = sumOf(clusters.map((one) => one.month));
  const used = clusters.flatMap(({ items }) => items.map(({ date }) => date));
  const dates = used.filter((date) => date !== "undated").sort();
  const [oldest] = dates;
  return {
    currency: "USD",
    month,
    clusters,
    ...(oldest === undefined ? {} : { pricesOf: { oldest, youngest: dates.at(-1) ?? oldest } }),
    undated: used.length - dates.length,
    egress: spending.egressPerMonth === undefined ? "not declared" : "counted",
    ...(budget === undefined ? {} : { budget: verdict(budget, month, clusters) }),
  };
}

function verdict(
  { perMonth, counts = "most" }: NonNullable<Environment["budget"]>,
  month: CostRange,
  clusters: readonly ClusterCost[],
): BudgetVerdict {
  const limit = dollars(perMonth);
  const lacks = clusters.some(({ bill, unpriced }) => bill === "unknown" || unpriced.length > 0);
  return { perMonth: limit, counts, status: month[counts] > limit ? "over" : lacks ? "undetermined" : "within" };
}

/** What one cluster costs; `clusters` is the number of clusters that share the traffic. */
export function clusterCost(cluster: string, spec: ClusterSpec, spending: Spending, clusters: number): ClusterCost {
  const { billing, adopted, region: regionOf } = cloudOf(spec);
  const region = regionOf(spec);
  if (billing === undefined || region === undefined) {
    return { cluster, bill: adopted ? "own" : "unknown", month: noCost, items: [], unpriced: [] };
  }
  const egress = spending.egressPerMonth;
  const gib = egress === undefined ? 0 : byteCount(egress) / 2 ** 30 / clusters;
  const billed: readonly BilledItem[] = [
    ...billing.items(spec),
    ...(egress === undefined
      ? []
      : [{ kind: "egress", name: "egress", meter: billing.egress, unit: "GiB", least: gib, most: gib } as const]),
  ];
  const items: CostItem[] = [];
  const unpriced: Unpriced[] = [];
  for (const item of billed.filter(({ most }) => most > 0)) {
    const found = priced(item, billing.prices, region, spending);
    if (typeof found === "string") unpriced.push({ kind: item.kind, name: item.name, reason: found });
    else items.push(found);
  }
  return { cluster, bill: "priced", month: sumOf(items.map(({ month }) => month)), items, unpriced };
}

/** The cost of an item, or why it has none. */
function priced(
  { kind, name, meter, unit, least, most, purchase = "onDemand" }: BilledItem,
  lists: readonly PriceList[],
  region: string,
  { shareOfListPrice = {} }: Spending,
): CostItem | string {
  const at = (of: "onDemand" | "spot") => listPrice(lists, { meter, unit, purchase: of, region });
  const declared = purchase === "onDemand" ? undefined : shareOfListPrice[purchase];
  // A reservation holds capacity; alone it changes no price.
  const share = purchase === "onDemand" || (purchase === "reserved" && declared === undefined) ? 1 : undefined;
  const used = declared === undefined ? share : ratio(declared);
  const list = used === undefined ? (purchase === "spot" ? at("spot") : undefined) : at("onDemand");
  if (list === undefined) {
    const fix = used === undefined ? `; declare spending.shareOfListPrice.${purchase}` : "";
    return `no ${used === undefined ? `${purchase} ` : ""}price of ${meter} in ${region}${fix}`;
  }
  const price = list.dollars * (used ?? 1);
  const month = (units: number) => cents(units * price * (unit === "hour" ? hoursOfMonth : 1));
  return {
    kind,
    name,
    meter,
    unit,
    units: { least, most },
    price,
    date: list.date,
    source: list.source,
    month: { least: month(least), most: month(most) },
  };
}

function cents(value: number): number {
  return Math.round(value * 100) / 100;
}
