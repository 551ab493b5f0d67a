/**
 * How long a stack takes under the real engine, how much memory all its processes use, and what its state weighs. It
 * runs `pulumi up` twice against the clusters of the stack: npm run benchmark:engine -- dev-platform
 */
import { fileURLToPath } from "node:url";
import { ProblemError } from "../../components/core/problem.ts";
import { engineText, measureEngine } from "./engineBenchmark.ts";

try {
  const directory = fileURLToPath(new URL("../..", import.meta.url));
  console.log(engineText(await measureEngine(process.argv[2] ?? "dev-platform", directory)));
} catch (error) {
  if (!(error instanceof ProblemError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
