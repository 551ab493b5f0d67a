import { setTimeout as sleep } from "node:timers/promises";
import type { V1Probe } from "@kubernetes/client-node";
import { request } from "undici";
import { messageOf } from "../../components/core/messageOf.ts";

/** The timing and the thresholds of a probe, with the kubelet's defaults. */
export interface ProbeSchedule {
  /** From the start of the container to the first attempt, milliseconds. @default 0 */
  readonly initialDelayMs: number;
  /** Between two attempts, milliseconds. @default 10000 */
  readonly periodMs: number;
  /** The longest attempt, milliseconds. @default 1000 */
  readonly timeoutMs: number;
  /** How many successes in a row count as a success. @default 1 */
  readonly successThreshold: number;
  /** How many failures in a row count as a failure. @default 3 */
  readonly failureThreshold: number;
}

/** The schedule of a Kubernetes probe. */
export function probeSchedule(probe: V1Probe): ProbeSchedule {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1_000,
    periodMs: (probe.periodSeconds ?? 10) * 1_000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1_000,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  };
}

/** The failure of one attempt; `undefined` if the attempt succeeded. */
export type ProbeFailure = string | undefined;

/**
 * Repeats a probe until `signal` aborts. Calls `onResult` after each attempt that reaches the threshold of successes or
 * failures in a row, with the failure of that attempt. `startedAt` is when the container started (`performance.now()`).
 */
export async function runProbe(
  schedule: ProbeSchedule,
  attempt: (timeoutMs: number) => Promise<ProbeFailure>,
  startedAt: number,
  onResult: (success: boolean, failure: ProbeFailure) => void,
  signal: AbortSignal,
): Promise<void> {
  let inARow = 0;
  let lastSuccess: boolean | undefined;
  await pause(startedAt + schedule.initialDelayMs - performance.now(), signal);
  while (!signal.aborted) {
    const failure = await attempt(schedule.timeoutMs);
    if (signal.aborted) return;
    const success = failure === undefined;
    inARow = success === lastSuccess ? inARow + 1 : 1;
    lastSuccess = success;
    if (inARow >= (success ? schedule.successThreshold : schedule.failureThreshold)) onResult(success, failure);
    await pause(schedule.periodMs, signal);
  }
}

/** One attempt of an `httpGet` probe: any status from 200 to 399 is a success. */
export async function httpGetProbe(
  url: string,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<ProbeFailure> {
  try {
    const { statusCode, body } = await request(url, {
      headers: { "user-agent": "kube-probe/1.35", connection: "close", ...headers },
      signal: AbortSignal.timeout(timeoutMs),
    });
    await body.dump();
    return statusCode >= 200 && statusCode < 400 ? undefined : `HTTP probe failed with statuscode: ${statusCode}`;
  } catch (error) {
    return `Get "${url}": ${messageOf(error)}`;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}
