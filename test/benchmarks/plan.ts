/**
 * How long `serin plan` takes and how much memory it uses, as a person would meet it: the whole command, policy pack included.
 * Run on a quiet machine: npm run benchmark -- dev
 */
import { fileURLToPath } from "node:url";
import { columns } from "../../cli/terminal.ts";
import { type Measured, measured } from "./processTree.ts";

const environment = process.argv[2] ?? "dev";
const runs = 7;
const command = fileURLToPath(new URL("../../bin/serin.js", import.meta.url));

const results: Measured[] = [];
const once = () => measured(command, ["plan", environment, "--json"]);
await once(); // fills the caches
for (let run = 0; run < runs; run++) results.push(await once());

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const row = (name: string, value: (run: Measured) => number, digits: number) => {
  const sorted = results.map(value).sort((a, b) => a - b);
  return [name, ...[sorted[0], sorted[Math.floor(runs / 2)], sorted.at(-1)].map((one) => (one ?? 0).toFixed(digits))];
};
console.log(
  columns(
    [`serin plan ${environment}`, "min", "median", "max"],
    [
      row("wall time, s", ({ seconds }) => seconds, 2),
      row("processor time, s", ({ cpuSeconds }) => cpuSeconds, 2),
      row("command, peak MB", ({ peaksMb }) => peaksMb[0] ?? 0, 0),
      row("policy pack, peak MB", ({ peaksMb }) => peaksMb[1] ?? 0, 0),
      row("all processes, sum of peaks MB", ({ peaksMb }) => sum(peaksMb), 0),
    ],
    [1, 2, 3],
  ),
);
