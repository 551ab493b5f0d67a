import { createHash } from "node:crypto";
import { type ChartPin, charts } from "../../components/core/charts.ts";
import { exitCodes } from "../../components/core/problem.ts";
import type { ChartFiles } from "./chartFiles.ts";
import { faultsOf, hooks, nameOf } from "./checks.ts";
import type { DeclaredChart } from "./declaredCharts.ts";
import type { ChartObject } from "./renderChart.ts";
import { upgradeEffects } from "./upgradeEffects.ts";

/** The last time that a chart was rendered without a fault. */
export interface Rendered {
  /** The chart's version then. */
  readonly version: string;
  /** The day, `2026-11-28`. */
  readonly on: string;
  /** Where it came from: `folder`, or the address of the repository. */
  readonly from: string;
  /** Clusters that it was rendered for. */
  readonly clusters: number;
  /** SHA-256 of the values of all of them: another one means that values have changed since. */
  readonly values: string;
  /** SHA-256 of all objects of all of them. */
  readonly objects: string;
}

/** By the key of the pin. */
export type RenderedCharts = Readonly<Record<string, Rendered>>;

/** How a chart is had and rendered. Both throw an Error that says why not. */
export interface Ways {
  readonly bring: (pin: ChartPin) => Promise<ChartFiles>;
  readonly render: (files: ChartFiles, declared: DeclaredChart) => Promise<ChartObject[]>;
  /** Where charts come from, for the record. */
  readonly from: (pin: ChartPin) => string;
  readonly today: string;
  /** The chart as it is deployed, to say what an upgrade does. Undefined: there is none of that name. */
  readonly before?: (pin: ChartPin) => Promise<ChartFiles | undefined>;
}

/** What came of it. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly exitCode: number;
  /** Of the charts that were rendered without a fault. */
  readonly rendered: RenderedCharts;
}

/** Renders every pinned chart with every declared cluster's values. A chart that cannot be had never counts as tried. */
export async function tryCharts(
  declared: readonly DeclaredChart[],
  before: RenderedCharts,
  { bring, render, from, today, before: deployed }: Ways,
): Promise<Outcome> {
  const lines: string[] = [];
  const rendered: Record<string, Rendered> = {};
  let [missing, faulty] = [false, false];
  for (const [key, pin] of Object.entries<ChartPin>(charts)) {
    const title = `${pin.chart} ${pin.version}`;
    const uses = declared.filter((one) => one.pin === pin);
    if (uses.length === 0) {
      lines.push(`- ${title}: no declared cluster installs it, so it was not rendered.`);
      continue;
    }
    let files: ChartFiles;
    try {
      files = await bring(pin);
    } catch (error) {
      missing = true;
      const reason = messageOf(error).replace(/\.$/, "");
      lines.push(`? ${title}: NOT TRIED, it cannot be had: ${reason}; ${lastTime(before[key], pin, uses)}.`);
      continue;
    }
    const all: ChartObject[] = [];
    const was = await deployed?.(pin);
    const faults = new Map<string, string[]>();
    for (const use of uses) {
      const found = await tryOne(files, use, render, all);
      for (const fault of found) faults.set(fault, [...(faults.get(fault) ?? []), use.at]);
    }
    for (const [fault, at] of faults) lines.push(`✗ ${title} (${at.join(", ")}): ${fault}`);
    if (faults.size > 0) {
      faulty = true;
      continue;
    }
    lines.push(`✔ ${title}: ${all.length} objects for ${uses.map(({ at }) => at).join(", ")}`);
    if (was !== undefined) lines.push(...(await upgradeLines(was, files, uses, render)));
    rendered[key] = {
      version: pin.version,
      on: today,
      from: from(pin),
      clusters: uses.length,
      values: digest(uses.map(({ at, values }) => [at, values])),
      objects: digest(all),
    };
  }
  const exitCode = faulty ? exitCodes.badInput : missing ? exitCodes.unavailable : exitCodes.ok;
  return { lines, exitCode, rendered };
}

async function tryOne(
  files: ChartFiles,
  declared: DeclaredChart,
  render: Ways["render"],
  all: ChartObject[],
): Promise<string[]> {
  try {
    const objects = await render(files, declared);
    const again = await render(files, declared);
    all.push(...objects);
    return faultsOf({ declared, files, objects, again });
  } catch (error) {
    return [`helm refuses it: ${messageOf(error)}`];
  }
}

/** What an upgrade from another version does, once for all clusters where it does the same. */
async function upgradeLines(
  was: ChartFiles,
  files: ChartFiles,
  uses: readonly DeclaredChart[],
  render: Ways["render"],
): Promise<string[]> {
  const lines = new Map<string, string[]>();
  for (const use of uses) {
    const line = await upgradeLine(was, files, use, render);
    lines.set(line, [...(lines.get(line) ?? []), use.at]);
  }
  return [...lines].map(([line, at]) => `  from ${was.version} (${at.join(", ")}): ${line}`);
}

async function upgradeLine(
  was: ChartFiles,
  files: ChartFiles,
  use: DeclaredChart,
  render: Ways["render"],
): Promise<string> {
  let before: ChartObject[];
  try {
    before = await render(was, use);
  } catch (error) {
    return `not compared, since helm refuses the values for the older chart: ${messageOf(error)}`;
  }
  const installed = (objects: ChartObject[]) => objects.filter((object) => hooks([object]).length === 0);
  const effects = upgradeEffects(installed(before), installed(await render(files, use)));
  const named = (what: string, objects: readonly ChartObject[]) =>
    objects.length === 0 ? [] : [`${what} ${objects.map(nameOf).join(", ")}`];
  const said = [
    ...named("replaces", effects.replaced),
    ...named("removes", effects.removed),
    ...named("adds", effects.created),
  ];
  return said.length === 0 ? "all in place" : said.join("; ");
}

function lastTime(before: Rendered | undefined, pin: ChartPin, uses: readonly DeclaredChart[]): string {
  if (before === undefined) return "it never was rendered";
  if (before.version !== pin.version) return `${before.version} was rendered last, on ${before.on}`;
  const same = before.values === digest(uses.map(({ at, values }) => [at, values]));
  return `it was rendered last on ${before.on}, ${same ? "with these values" : "with other values"}`;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
