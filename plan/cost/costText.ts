import colours from "picocolors";
import { hanging, lineWidth } from "../../components/core/hanging.ts";
import type { BudgetVerdict, ClusterCost, CostRange, EnvironmentCost } from "./cost.ts";
import type { CostChange } from "./costChange.ts";

/** The cost of an environment in a few lines: each cluster, the sum, what has no price, and the budget. */
export function costLines({ clusters, month, pricesOf, undated, egress, budget }: EnvironmentCost): string[] {
  if (clusters.length === 0) return [];
  const lacks = clusters.some(({ unpriced }) => unpriced.length > 0);
  const billed = clusters.filter(({ bill }) => bill === "priced");
  const rows = billed.map(({ cluster, month: all, items }): [string, CostRange, CostRange] => [
    cluster,
    all,
    rangeOf(items.filter(({ kind }) => kind === "gpuNodes").map((item) => item.month)),
  ]);
  const width = Math.max(0, ...rows.map(([cluster]) => cluster.length), "in all".length);
  const amounts = Math.max(0, ...[...rows.map(([, all]) => all), month].map((range) => rangeText(range).length));
  const line = (name: string, range: CostRange, more = "") =>
    `  ${name.padEnd(width)}  ${rangeText(range).padStart(amounts)}${more}`;
  const dates = [
    ...(pricesOf === undefined
      ? []
      : [pricesOf.oldest === pricesOf.youngest ? pricesOf.oldest : `${pricesOf.oldest} to ${pricesOf.youngest}`]),
    ...(undated === 0 ? [] : [`${undated} undated`]),
  ].join(", ");
  const notCounted = [
    ...(egress === "counted" ? [] : ["egress (declare spending.egressPerMonth)"]),
    "data through NAT and load balancers, stores, logs, keys, volumes of pods",
  ];
  return [
    colours.bold("cost a month"),
    ...(billed.length === 0
      ? []
      : [
          ...hanging("  ", 2, [`USD at list prices (${dates}); pools from min to max`], lineWidth()).map((one) =>
            colours.dim(one),
          ),
          ...rows.map(([cluster, all, gpu]) => line(cluster, all, colours.dim(`   GPU nodes ${rangeText(gpu)}`))),
          ...(billed.length > 1 || lacks ? [line("in all", month, lacks ? ", and what has no price:" : "")] : []),
        ]),
    ...lackLines(clusters),
    ...(billed.length === 0
      ? []
      : hanging("  ", 4, [`not counted: ${notCounted.join("; ")}`], lineWidth()).map((one) => colours.dim(one))),
    ...(budget === undefined ? [] : [`  ${budgetLine(budget, month)}`]),
  ];
}

function rangeOf(ranges: readonly CostRange[]): CostRange {
  return {
    least: ranges.reduce((sum, { least }) => sum + least, 0),
    most: ranges.reduce((sum, { most }) => sum + most, 0),
  };
}

/** What has no price, once for each reason of a cluster. */
function lackLines(clusters: readonly ClusterCost[]): string[] {
  return clusters.flatMap(({ cluster, bill, unpriced }) => {
    if (bill === "own") return [`  ${cluster}: machines of your own, which no cloud bills`];
    if (bill === "unknown") return [`  ${cluster}: no price of its cloud is known`];
    const reasons = [...new Set(unpriced.map(({ reason }) => reason))];
    return reasons.length === 0 ? [] : hanging("  ", 4, [`${cluster}: ${reasons.join("; ")}`], lineWidth());
  });
}

function budgetLine({ perMonth, counts, status }: BudgetVerdict, month: CostRange): string {
  const budget = `budget ${amount(perMonth)} USD at the ${counts}: `;
  switch (status) {
    case "within":
      return `${budget}${colours.green("✓ within")}`;
    case "over":
      return `${budget}${colours.red(`✗ over by ${amount(month[counts] - perMonth)}`)}`;
    case "undetermined":
      return `${budget}${colours.cyan("? undetermined")}, because something has no price`;
  }
}

/** How the cost stands against the budget, in one line, or none where there is no budget. */
export function budgetLines({ budget, month }: EnvironmentCost): string[] {
  return budget === undefined ? [] : [budgetLine(budget, month)];
}

/** What the cost is against an earlier plan, in a few lines. */
export function costChangeLines(change: CostChange): string[] {
  if (change.kind === "unknown") return [colours.bold("cost a month"), "  the earlier plan says none"];
  if (change.kind === "same") return [colours.bold("cost a month"), `  unchanged: ${rangeText(change.after)} USD`];
  const prices = change.pricesDiffer ? ["  prices are of other days than in the earlier plan"] : [];
  return [
    colours.bold("cost a month"),
    ...change.clusters.map(
      ({ cluster, difference, after }) => `  ${cluster}: ${differenceText(difference)} to ${rangeText(after)} USD`,
    ),
    `  in all: ${differenceText(change.difference)} to ${rangeText(change.after)} USD`,
    ...prices,
  ];
}

function differenceText({ least, most }: CostRange): string {
  return least === most ? signed(least) : `${signed(least)} at the least, ${signed(most)} at the most,`;
}

function signed(value: number): string {
  return value < 0 ? `−${amount(-value)}` : `+${amount(value)}`;
}

/** `1,234 to 5,678`, in whole dollars. */
export function rangeText({ least, most }: CostRange): string {
  return amount(least) === amount(most) ? amount(most) : `${amount(least)} to ${amount(most)}`;
}

function amount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
