/**
 * How verdicts decide, by simulated releases over weights of 5, 20 and 50 %: npm run benchmark:verdicts. Every number is
 * seeded and repeats. `--quick` simulates a tenth of the releases; `--only <text>` prints the tables whose title has it.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { passLine, shareTest } from "../../components/model/verdict/share.ts";
import { jobs } from "./verdicts/jobs.ts";

interface Work {
  readonly index: number;
  readonly runs: number;
}

/** Two threads: the benchmark is for machines of two cores. */
const threads = 2;

if (isMainThread) {
  const quick = process.argv.includes("--quick");
  const only = process.argv[process.argv.indexOf("--only") + 1];
  const wanted = process.argv.includes("--only") ? (only ?? "") : "";
  const runs = quick ? 100 : 1_000;
  const all = jobs();
  const queue = all.map((_, index) => index).filter((index) => all[index]?.table.includes(wanted));
  const found = new Map<number, readonly string[]>();
  const workers = Array.from({ length: threads }, async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: true });
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const at = index;
      const row = new Promise<readonly string[]>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      worker.postMessage({ index: at, runs } satisfies Work);
      found.set(at, await row);
      worker.removeAllListeners("error");
    }
    await worker.terminate();
  });
  await Promise.all(workers);
  for (const table of new Set(all.map((job) => job.table))) {
    const rows = all.flatMap((job, index) => {
      const row = found.get(index);
      return job.table !== table || row === undefined ? [] : [[...job.row, ...row]];
    });
    if (rows.length > 0) console.log(`\n${table}\n${aligned(rows)}`);
  }
  console.log(bounds());
} else if (workerData === true) {
  const all = jobs();
  parentPort?.on("message", ({ index, runs }: Work) => parentPort?.postMessage(all[index]?.run(runs) ?? []));
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** What no test can do better. */
function bounds(): string {
  const poisson = (mean: number, least: number) => {
    let [term, below] = [Math.exp(-mean), 0];
    for (let count = 0; count < least; count++) {
      below += term;
      term *= mean / (count + 1);
    }
    return 1 - below;
  };
  // 150 requests reach the canary within 60 s; the best test of that size fails on 2 bad requests, and sometimes on one.
  const [bad, good] = [150 * 0.01, 150 * 0.0005];
  const spare = (0.01 - poisson(good, 2)) / (poisson(good, 1) - poisson(good, 2));
  const power = poisson(bad, 2) + spare * (poisson(bad, 1) - poisson(bad, 2));
  const line = passLine(shareTest(0.001, 10, { falseAlarm: 0.009, miss: 0.01 }), 1);
  return [
    "\nBounds",
    `1 % errors at 50 requests a second: 60 s bring 150 requests to a canary of 5 %. The best test that aborts at most 1 % at half of the objective aborts ${(100 * power).toFixed(1)} % by then (Neyman and Pearson), so no median is below 60 s.`,
    "1 % errors, bad requests until an abort: at least ln(1/0.01) / (ln 20 − 0.95) = 2.3 in the mean with all of 1 % for errors (Wald), 2.3 with 0.9 %, and what the last one is too much.",
    `A healthy promotion: ${line.cleanRequests} requests without a bad one, times the mean size of bursts (ln(1/0.01) / 0.2 % = 2,303 at least).`,
    "Pods replaced every 5 minutes at 10 requests a second: those that are there have answered at most 5 · 300 = 1,500 requests, at half of the traffic. No test of them alone passes a version, which needs 2,303; a retry is not to be judged by the pods before it, so those that are gone do not count.",
  ].join("\n");
}
