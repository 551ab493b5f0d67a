import type { ListrTask } from "listr2";
import {
  type EnvironmentEvent,
  findEnvironment,
  startEnvironment,
  stopEnvironment,
} from "../embedded/environment/environment.ts";
import { embeddedCluster, type LocalCluster, sampleRepository } from "../rehearsal/local/localCluster.ts";
import { projectDirectory } from "../stacks/project.ts";

/** Tools, control plane, mesh and metrics; a line for each tool that has to be fetched. */
export function embeddedStep<Progress extends { cluster?: LocalCluster }>(
  name: string,
  { gatewayPort }: { readonly gatewayPort?: number },
  signal: AbortSignal,
): ListrTask<Progress> {
  return {
    title: "Embedded environment",
    task: async (progress, task) => {
      const before = findEnvironment(name);
      const worthALine = quieter();
      const say = (event: EnvironmentEvent): void => {
        const line = worthALine(event) ? eventLine(event) : undefined;
        if (line !== undefined) task.output = line;
      };
      const embedded = await startEnvironment(name, {
        modelStore: sampleRepository,
        owner: projectDirectory,
        onProgress: say,
        signal,
        ...(gatewayPort === undefined ? {} : { gatewayPort }),
      });
      // Ctrl-C between the start and its use must not leave behind what was not there before.
      if (signal.aborted && before?.state !== "running") await stopEnvironment(name);
      signal.throwIfAborted();
      progress.cluster = embeddedCluster(name);
      task.title = `Embedded environment, gateway at ${embedded.gateway.address}:${embedded.gateway.port}`;
    },
    rendererOptions: { outputBar: 3, persistentOutput: false },
  };
}

/** On a terminal each event replaces the one before; in a log a heartbeat of a tool every half minute is enough. */
function quieter(): (event: EnvironmentEvent) => boolean {
  const last = new Map<string, number>();
  return (event) => {
    if (event.kind === "step" || event.state !== "progress" || process.stdout.isTTY) return true;
    if (event.elapsedMs - (last.get(event.tool) ?? 0) < 30_000) return false;
    last.set(event.tool, event.elapsedMs);
    return true;
  };
}

/** A line for an event; `undefined` for what nobody waits for. */
export function eventLine(event: EnvironmentEvent): string | undefined {
  if (event.kind === "step") return event.state === "done" ? undefined : event.name;
  const { tool, state, how, detail, elapsedMs, attempt } = event;
  if (state === "cached" || state === "found") return undefined;
  if (attempt !== undefined) {
    const { kind, purpose, seconds } = attempt;
    const time = seconds === undefined ? "" : `, about ${spanOf(seconds)} on two idle processors`;
    return `${tool}, for ${purpose}: ${kind === "build" ? "is built from" : "is downloaded from"} ${how}, once for this user${time}`;
  }
  const parts = [how, detail].filter((part) => part !== undefined).join(": ");
  return `${tool} ${state}${parts === "" ? "" : `, ${parts}`} (${Math.round(elapsedMs / 1_000)} s)`;
}

function spanOf(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
