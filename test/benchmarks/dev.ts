/**
 * How long it takes from a save of model.py to the first answer of the saved model, with `serin dev` on the sample model
 * of this project, seen by a caller: npm run benchmark:dev -- <saves>. Fails above 3 s in the median.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { DevRun } from "../embedded-run/devRuns.ts";

const saves = Number(process.argv[2] ?? 5);
const run = new DevRun(["--requests", "50"]);
try {
  await run.says(/url\s+http:/);
  const times: number[] = [];
  for (let index = 1; index <= saves; index += 1) {
    const since = run.said.length;
    const start = performance.now();
    run.save((text) => text.replace(/np\.float32\(-2\.\d+\)/, `np.float32(-2.${index})`));
    while ((await run.infer()).save !== String(index + 1)) await sleep(20);
    times.push(performance.now() - start);
    await run.says(new RegExp(`Save ${index + 1} answers[\\s\\S]*\n\n`), since);
    console.log(`save ${index}: ${((times.at(-1) ?? 0) / 1_000).toFixed(2)} s`);
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
  console.log(`median ${(median / 1_000).toFixed(2)} s, most ${(Math.max(...times) / 1_000).toFixed(2)} s`);
  if (!(median <= 3_000)) process.exitCode = 1;
} finally {
  await run.dispose();
}
