/**
 * Runs the conformance suite with the real engine, where the Pulumi CLI and its Kubernetes provider are on this machine.
 * Elsewhere it says so in a sentence and ends with 4, so that nobody takes it for a pass: npm run test:engine
 */
import { execa } from "execa";
import { exitCodes } from "../../components/core/problem.ts";
import { missingTool } from "./missingTool.ts";

const missing = await missingTool();
if (missing !== undefined) {
  console.error(`The conformance suite was not run with the real engine, because ${missing}.`);
  process.exitCode = exitCodes.unavailable;
} else {
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "engine", "--reporter", "verbose"];
  process.exitCode = (await execa(process.execPath, vitest, { stdio: "inherit", reject: false })).exitCode ?? 1;
}
