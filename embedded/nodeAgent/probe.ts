import { setTimeout as sleep } from "node:timers/promises";
import type { V1Probe } from "@kubernetes/client-node";
import { request } from "undici";

/** How a probe is carried out, with the kubelet's defaults. */
export interface ProbeSchedule {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export function probeSchedule(probe: V1Probe): ProbeSchedule {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1_000,
    periodMs: (probe.periodSeconds ?? 10) * 1_000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1_000,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

/** What one look found; `undefined` when all is well. */
export type ProbeFailure = string | undefined;

/**
 * Looks again and again until the signal, and tells each time enough looks in a row agree: `true` for well, `false` for
 * not, with the last failure. `startedAt` is when the container started (`performance.now()`).
 */
export async function runProbe(
  schedule: ProbeSchedule,
  look: (timeoutMs: number) => Promise<ProbeFailure>,
  startedAt: number,
  onVerdict: (well: boolean, failure: ProbeFailure) => void,
  signal: AbortSignal,
): Promise<void> {
  let run = 0;
  let lastWell: boolean | undefined;
  await pause(startedAt + schedule.initialDelayMs - performance.now(), signal);
  while (!signal.aborted) {
    const failure = await look(schedule.timeoutMs);
    if (signal.aborted) return;
    const well = failure === undefined;
    run = well === lastWell ? run + 1 : 1;
    lastWell = well;
    if (run >= (well ? schedule.successThreshold : schedule.failureThreshold)) onVerdict(well, failure);
    await pause(schedule.periodMs, signal);
  }
}

/** An `httpGet` look: any status from 200 to 399 is well. */
export async function httpLook(url: string, headers: Record<string, string>, timeoutMs: number): Promise<ProbeFailure> {
  try {
    const { statusCode, body } = await request(url, {
      headers: { "user-agent": "kube-probe/1.35", connection: "close", ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    await body.dump();
    return statusCode >= 200 && statusCode < 400 ? undefined : `HTTP probe failed with statuscode: ${statusCode}`;
  } catch (error) {
    return `Get "${url}": ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}
