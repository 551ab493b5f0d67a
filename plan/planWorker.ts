/** A process that plans clusters of one environment, one after another, for `planInWorkers`. */
import { on } from "node:events";
import { ProblemError } from "../components/core/problem.ts";
import { planClusters } from "./clusterPlans.ts";
import type { Assignment, Failure, FromWorker, Job } from "./planWorkers.ts";
import { Spool } from "./spool.ts";

// The process that waits for the plans is gone.
process.on("disconnect", () => process.exit());

const messages = on(process, "message");

async function* assigned(): AsyncGenerator<string> {
  for await (const [{ cluster }] of messages as AsyncIterable<[Assignment]>) {
    if (cluster === undefined) return;
    yield cluster;
  }
}

function say(message: FromWorker): void {
  process.send?.(message);
}

function failureOf(error: unknown): Failure {
  if (error instanceof ProblemError) {
    return { subject: error.subject, problems: error.problems, exitCode: error.exitCode };
  }
  return error instanceof Error
    ? { message: error.message, stack: error.stack ?? error.message }
    : { message: String(error), stack: String(error) };
}

const { value } = await messages.next();
const [{ environment, folder, settings }] = value as [Job];
try {
  const options = { ...settings, spool: new Spool(folder), signal: new AbortController().signal };
  for await (const planned of planClusters(environment, assigned(), options)) say({ planned });
} catch (error) {
  say({ failed: failureOf(error) });
}
