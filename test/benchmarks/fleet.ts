/**
 * How a plan grows with the number of clusters: time, and memory of each process.
 * Run on a quiet machine: node test/benchmarks/fleet.ts [models on each cluster] [numbers of clusters, with commas]
 */
import { fileURLToPath } from "node:url";
import { columns } from "../../cli/terminal.ts";
import { smallProcess } from "../../plan/smallProcess.ts";
import { measured } from "./processTree.ts";

const [models = "10", numbers = "25,50,100,200"] = process.argv.slice(2);
const program = fileURLToPath(new URL("./planFleet.ts", import.meta.url));
const plan = (clusters: string) => measured(process.execPath, [...smallProcess.execArgv, program, clusters, models]);

await plan("1"); // fills the caches
const rows: string[][] = [];
for (const clusters of numbers.split(",")) {
  const { seconds, cpuSeconds, peaksMb } = await plan(clusters);
  const [own = 0, ...others] = peaksMb;
  const sum = peaksMb.reduce((total, megabytes) => total + megabytes, 0);
  const perCluster = (1_000 * seconds) / Number(clusters);
  rows.push(
    [seconds, cpuSeconds, perCluster, peaksMb.length, own, Math.max(own, ...others), sum].map((number, index) =>
      number.toFixed(index < 2 ? 1 : 0),
    ),
  );
  rows.at(-1)?.unshift(clusters);
}
const header = ["clusters", "s", "cpu s", "ms each", "processes", "command MB", "largest MB", "sum MB"];
console.log(columns(header, rows, [...header.keys()]));
