import type { V1Container, V1Probe } from "@kubernetes/client-node";
import { PodProblem } from "./podProblem.ts";
import { httpLook, type ProbeFailure, probeSchedule, runProbe } from "./probe.ts";

type ProbeName = "startup" | "readiness" | "liveness";

/** What the probes of a container say. */
export interface HealthEvents {
  readonly onStarted: () => void;
  readonly onReady: (ready: boolean, failure: ProbeFailure) => void;
  /** The container must be ended: its startup or liveness probe failed too often. */
  readonly onFailed: (probe: ProbeName, failure: string) => void;
}

/** The declared probes of a container; throws a `PodProblem` for a kind that cannot be run here. */
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
        `the ${name} probe of container ${container.name} is not httpGet, the only kind the embedded environment runs. Triton answers /v2/health/ready and /v2/health/live.`,
      );
    }
    probes.set(name, probe);
  }
  return probes;
}

/**
 * Runs the probes of a started container until the signal, in the kubelet's order: readiness and liveness begin when
 * startup has passed. `urlOf` gives the address of a container port, by its name or number.
 */
export async function watchHealth(
  probes: ReadonlyMap<ProbeName, V1Probe>,
  urlOf: (port: string | number) => string,
  events: HealthEvents,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const run = (name: ProbeName, onVerdict: (well: boolean, failure: ProbeFailure) => void, until: AbortSignal) => {
    const probe = probes.get(name);
    if (probe === undefined) return Promise.resolve();
    return runProbe(probeSchedule(probe), looker(probe, urlOf), startedAt, onVerdict, until);
  };

  if (probes.has("startup")) {
    const decided = new AbortController();
    let passed = false;
    await run(
      "startup",
      (well, failure = "") => {
        passed = well;
        if (!well) events.onFailed("startup", failure);
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
    run("liveness", (well, failure = "") => !well && events.onFailed("liveness", failure), signal),
  ]);
}

function looker(probe: V1Probe, urlOf: (port: string | number) => string) {
  const { httpGet } = probe;
  const headers = Object.fromEntries((httpGet?.httpHeaders ?? []).map(({ name, value }) => [name, value]));
  const url = `${urlOf((httpGet?.port as string | number | undefined) ?? 80)}${httpGet?.path ?? "/"}`;
  return (timeoutMs: number) => httpLook(url, headers, timeoutMs);
}
