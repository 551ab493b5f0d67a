import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { PodProblem } from "./podProblem.ts";
import { httpGetProbe, type ProbeFailure, probeSchedule, runProbe } from "./probe.ts";

type ProbeName = "startup" | "readiness" | "liveness";

/** Receives the results of a container's probes. */
export interface HealthEvents {
  /** Called once: the startup probe has succeeded, or the container has none. */
  readonly onStarted: () => void;
  /** Called after each readiness probe that reaches its threshold, also if the result is the same as before. */
  readonly onReady: (ready: boolean, failure: ProbeFailure) => void;
  /** Called when the startup or liveness probe has failed too often: the container must be restarted. */
  readonly onFailed: (probe: ProbeName, failure: string) => void;
}

/**
 * The probes of a container.
 * @throws PodProblem if a probe is not `httpGet`
 */
export function readProbes(container: V1Container): ReadonlyMap<ProbeName, V1Probe> {
  const declared: [ProbeName, V1Probe | undefined][] = [
    ["startup", container.startupProbe],
    ["readiness", container.readinessProbe],
    ["liveness", container.livenessProbe],
  ];
  const probes = new Map<ProbeName, V1Probe>();
  for (const [name, probe] of declared) {
    if (probe === undefined) continue;
    if (probe.httpGet === undefined) {
      throw new PodProblem(
        "CreateContainerConfigError",
        `the ${name} probe of container ${container.name} is not httpGet, the only type that the embedded environment supports. Triton answers /v2/health/ready and /v2/health/live.`,
      );
    }
    probes.set(name, probe);
  }
  return probes;
}

/**
 * Runs the probes of a started container until `signal` aborts, in the kubelet's order: readiness and liveness probes
 * begin after the startup probe has succeeded. `urlOf` gives the URL of a container port, by its name or number.
 */
export async function watchHealth(
  probes: ReadonlyMap<ProbeName, V1Probe>,
  urlOf: (port: string | number) => string,
  events: HealthEvents,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const run = (name: ProbeName, onResult: (success: boolean, failure: ProbeFailure) => void, until: AbortSignal) => {
    const probe = probes.get(name);
    if (probe === undefined) return Promise.resolve();
    return runProbe(probeSchedule(probe), attempt(probe, urlOf), startedAt, onResult, until);
  };

  if (probes.has("startup")) {
    const decided = new AbortController();
    let passed = false;
    await run(
      "startup",
      (success, failure = "") => {
        passed = success;
        if (!success) events.onFailed("startup", failure);
        decided.abort();
      },
      AbortSignal.any([signal, decided.signal]),
    );
    if (signal.aborted || !passed) return;
  }
  events.onStarted();
  if (!probes.has("readiness")) events.onReady(true, undefined);
  await Promise.all([
    run("readiness", events.onReady, signal),
    run("liveness", (success, failure = "") => !success && events.onFailed("liveness", failure), signal),
  ]);
}

function attempt(probe: V1Probe, urlOf: (port: string | number) => string) {
  const { httpGet } = probe;
  const headers = Object.fromEntries((httpGet?.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const url = `${urlOf((httpGet?.port as string | number | undefined) ?? 80)}${httpGet?.path ?? "/"}`;
  return (timeoutMs: number) => httpGetProbe(url, headers, timeoutMs);
}
