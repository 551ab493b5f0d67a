import { setTimeout as sleep } from "node:timers/promises";
import { ApiException } from "@kubernetes/client-node";

/** How long an API server may be gone before a reader gives up: long enough for it to be restarted. */
const patienceMs = 60_000;
const pauseMs = 250;

/** Calls again while the server cannot be reached or says that it is busy; an answer, "not found" included, is final. */
export async function patiently<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      const final = error instanceof ApiException && error.code < 500 && error.code !== 429;
      if (final || Date.now() > until) throw error;
      await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** `undefined` in place of "not found". */
export async function ifFound<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}
