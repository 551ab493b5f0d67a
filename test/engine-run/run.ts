/**
 * Runs the conformance suite with the real engine, where the Pulumi CLI and its Kubernetes provider are on this machine.
 * Elsewhere it says so in a sentence and ends with 4, so that nobody takes it for a pass: npm run test:engine
 */
import { execa } from "execa";
import { exitCodes } from "../../components/core/problem.ts";

const missing = await missingTool();
if (missing !== undefined) {
  console.error(`The conformance suite was not run with the real engine, because ${missing}.`);
  process.exitCode = exitCodes.unavailable;
} else {
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "engine"];
  process.exitCode = (await execa(process.execPath, vitest, { stdio: "inherit", reject: false })).exitCode ?? 1;
}

async function missingTool(): Promise<string | undefined> {
  const version = await execa("pulumi", ["version"], { reject: false });
  if (version.exitCode !== 0) return "the Pulumi CLI is not on PATH";
  const onPath = await execa("pulumi-resource-kubernetes", ["--version"], { reject: false });
  if (onPath.exitCode === 0) return undefined;
  const { stdout } = await execa("pulumi", ["plugin", "ls", "--json"], { reject: false });
  const installed = /"name":\s*"kubernetes"/.test(stdout);
  return installed ? undefined : "the Kubernetes provider is not installed (pulumi plugin install resource kubernetes)";
}
