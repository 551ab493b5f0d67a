/**
 * Renders every pinned chart with the values of every declared environment, and of a few more, and looks for what `helm.v4.Chart` or a
 * cluster would stumble over. From the public repositories: npm run charts. From elsewhere: npm run charts -- --mirror <https://… or
 * oci://…>, or npm run charts -- --folder <directory with unpacked charts or .tgz>. With --before <directory with other versions>,
 * it also says what an upgrade from those would replace, remove and add.
 *
 * Ends with 0 when all were rendered without a fault, 2 with faults, and 4 when there was none but a chart could not be had. What was
 * rendered without a fault is recorded in rendered.json.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { exitCodes } from "../../components/core/problem.ts";
import { ensureHelm } from "../../embedded/toolchain/index.ts";
import { environments } from "../../stacks/environments/index.ts";
import { bringChart, type ChartPlace, otherVersion } from "./chartFiles.ts";
import { declaredCharts } from "./declaredCharts.ts";
import { furtherEnvironments } from "./furtherEnvironments.ts";
import { renderChart } from "./renderChart.ts";
import { type RenderedCharts, tryCharts } from "./tryCharts.ts";

const usage = "npm run charts -- [--mirror <https://… or oci://…> | --folder <directory>] [--before <directory>]";

function optionsIn(args: string[]): { place: ChartPlace; deployed: string | undefined } | undefined {
  try {
    const { mirror, folder, before } = parseArgs({
      args,
      options: { mirror: { type: "string" }, folder: { type: "string" }, before: { type: "string" } },
    }).values;
    if (mirror !== undefined && folder !== undefined) return undefined;
    const deployed = before === undefined ? undefined : resolve(before);
    if (mirror !== undefined) return { place: { kind: "mirror", url: mirror }, deployed };
    return { place: folder === undefined ? { kind: "public" } : { kind: "folder", path: resolve(folder) }, deployed };
  } catch {
    return undefined;
  }
}

const options = optionsIn(process.argv.slice(2));
if (options === undefined) {
  console.error(usage);
  process.exit(exitCodes.badInput);
}
const { place, deployed } = options;

const record = fileURLToPath(new URL("rendered.json", import.meta.url));
const before = JSON.parse(await readFile(record, "utf8")) as RenderedCharts;
const declared = [];
for (const environment of [...Object.values(environments), ...furtherEnvironments]) {
  declared.push(...(await declaredCharts(environment)));
}
const helm = await ensureHelm();
const scratch = await mkdtemp(join(tmpdir(), "serin-charts-"));
try {
  const { lines, exitCode, rendered } = await tryCharts(declared, before, {
    bring: (pin) => bringChart(pin, place, { helm, scratch }),
    render: (files, one) => renderChart(helm, files, one),
    from: (pin) => (place.kind === "folder" ? "folder" : place.kind === "mirror" ? place.url : pin.repository),
    ...(deployed === undefined ? {} : { before: (pin) => otherVersion(pin, deployed, join(scratch, "before")) }),
    today: new Date().toISOString().slice(0, 10),
  });
  console.log(lines.join("\n"));
  const all = Object.entries({ ...before, ...rendered }).sort(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(record, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
  process.exitCode = exitCode;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
