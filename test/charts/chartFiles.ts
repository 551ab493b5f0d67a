import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { extract } from "tar";
import { parse } from "yaml";
import { type ChartPin, chartSource } from "../../components/core/charts.ts";

/** What a chart brings: the values that it knows. */
export interface ChartFiles {
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  /** `values.yaml`, as text and as what it says. */
  readonly defaultsText: string;
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Whether its `values.schema.json` refuses keys that it does not know. Helm checks values against it. */
  readonly closed: boolean;
  /** All templates, one after the other. */
  readonly templates: string;
  /** By the key of their values in this chart. */
  readonly subcharts: Readonly<Record<string, ChartFiles>>;
}

/** Where charts come from. */
export type ChartPlace =
  /** The public repository of each. */
  | { readonly kind: "public" }
  /** A repository with all of them: `https://…` or `oci://registry/path`. */
  | { readonly kind: "mirror"; readonly url: string }
  /** A folder with unpacked charts and archives (`.tgz`). */
  | { readonly kind: "folder"; readonly path: string };

/** Brings one pinned chart into a directory of its own below `scratch`. @throws Error that says why it cannot be had. */
export async function bringChart(
  pin: ChartPin,
  place: ChartPlace,
  { helm, scratch }: { readonly helm: string; readonly scratch: string },
): Promise<ChartFiles> {
  const files =
    place.kind === "folder" ? await findInFolder(pin, place.path, scratch) : await pull(pin, place, helm, scratch);
  if (files.name !== pin.chart || !sameVersion(files.version, pin.version)) {
    throw new Error(`it is ${files.name} ${files.version} there`);
  }
  return files;
}

async function pull(pin: ChartPin, place: ChartPlace, helm: string, scratch: string): Promise<ChartFiles> {
  const { chart, repositoryOpts } = chartSource(pin, place.kind === "mirror" ? place.url : undefined);
  const repository = repositoryOpts === undefined ? [] : ["--repo", String(repositoryOpts.repo)];
  const into = join(scratch, `${pin.chart}-${pin.version}`);
  await mkdir(into, { recursive: true });
  const { exitCode, stderr } = await execa(
    helm,
    ["pull", chart, ...repository, "--version", pin.version, "--untar", "--untardir", into],
    { reject: false, timeout: 120_000 },
  );
  if (exitCode !== 0) throw new Error(stderr.trim().split("\n").at(-1) || "helm pull failed");
  return readChart(join(into, pin.chart));
}

async function findInFolder(pin: ChartPin, folder: string, scratch: string): Promise<ChartFiles> {
  const found = await named(pin.chart, folder, scratch);
  const pinned = found.find(({ version }) => sameVersion(version, pin.version));
  if (pinned !== undefined) return readChart(pinned.directory);
  const other = found.length === 0 ? "" : `: it has ${found.map(({ version }) => version).join(", ")}`;
  throw new Error(`${folder} has no ${pin.chart} ${pin.version}${other}`);
}

/** Another version of a chart, from a folder. Undefined: the folder has none. */
export async function otherVersion(pin: ChartPin, folder: string, scratch: string): Promise<ChartFiles | undefined> {
  const other = (await named(pin.chart, folder, scratch)).find(({ version }) => !sameVersion(version, pin.version));
  return other === undefined ? undefined : readChart(other.directory);
}

/** The charts of one name in a folder, archives unpacked. */
async function named(
  name: string,
  folder: string,
  scratch: string,
): Promise<{ readonly directory: string; readonly version: string }[]> {
  const found = [];
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    const directory = (await stat(path)).isDirectory() ? path : await unpacked(path, join(scratch, entry));
    const head = directory === undefined ? undefined : await chartHead(directory);
    if (directory !== undefined && head?.name === name) found.push({ directory, version: head.version });
  }
  return found;
}

/** The directory in a chart's archive. Undefined: the file is none. */
async function unpacked(archive: string, into: string): Promise<string | undefined> {
  if (!/\.(tgz|tar\.gz)$/.test(archive)) return undefined;
  await mkdir(into, { recursive: true });
  await extract({ file: archive, cwd: into });
  const [directory] = await readdir(into);
  return directory === undefined ? undefined : join(into, directory);
}

async function chartHead(directory: string): Promise<{ name: string; version: string } | undefined> {
  const text = await readFile(join(directory, "Chart.yaml"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { name, version } = parse(text) as { name?: unknown; version?: unknown };
  return { name: String(name), version: String(version) };
}

/** NVIDIA and AWS write a `v` before a version, and Helm takes both for the same. */
function sameVersion(one: string, other: string): boolean {
  return one.replace(/^v/, "") === other.replace(/^v/, "");
}

/** Reads an unpacked chart and the charts in it. */
export async function readChart(directory: string): Promise<ChartFiles> {
  const head = await chartHead(directory);
  if (head === undefined) throw new Error(`${directory} has no Chart.yaml`);
  const text = (file: string) => readFile(join(directory, file), "utf8").catch(() => "");
  const defaultsText = await text("values.yaml");
  const { dependencies = [] } = parse(await text("Chart.yaml")) as {
    dependencies?: { name: string; alias?: string }[];
  };
  const inside = await Promise.all(
    (await readdir(join(directory, "charts")).catch(() => [])).map(async (entry) => {
      const path = join(directory, "charts", entry);
      return (await chartHead(path)) === undefined ? [] : [await readChart(path)];
    }),
  );
  const keyOf = (name: string) => dependencies.find((one) => one.name === name)?.alias ?? name;
  return {
    directory,
    ...head,
    defaultsText,
    defaults: defaultsOf(parse(defaultsText)),
    closed: isClosed(await text("values.schema.json")),
    templates: await templatesIn(join(directory, "templates")),
    subcharts: Object.fromEntries(inside.flat().map((chart) => [keyOf(chart.name), chart])),
  };
}

/** Istio's charts keep what a user may set in a map of its own, so that profiles can lie between it and the user. */
function defaultsOf(values: unknown): Readonly<Record<string, unknown>> {
  const { _internal_defaults_do_not_set: inner, ...outer } = (values ?? {}) as Record<string, unknown>;
  return { ...outer, ...((inner ?? {}) as object) };
}

/** Only the schema as a whole counts: one that refuses keys somewhere deep may take any at its top. */
function isClosed(text: string): boolean {
  if (text === "") return false;
  type Schema = { additionalProperties?: unknown; $ref?: string } & Record<string, unknown>;
  const schema = JSON.parse(text) as Schema;
  const steps = schema.$ref?.replace(/^#\//, "").split("/") ?? [];
  const root = steps.reduce<Schema>((at, step) => (at[step] ?? {}) as Schema, schema);
  return root.additionalProperties === false;
}

async function templatesIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.sort().map((file) => readFile(file, "utf8")))).join("\n");
}
