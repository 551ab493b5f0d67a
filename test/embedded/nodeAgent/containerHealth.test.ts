import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Container } from "@kubernetes/client-node";
import { afterEach, describe, expect, it } from "vitest";
import { readProbes, watchHealth } from "../../../embedded/nodeAgent/containerHealth.ts";
import { runProbe } from "../../../embedded/nodeAgent/probe.ts";

const servers: http.Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts a server. `statuses` has the HTTP status of each path and may be changed later. */
async function serve(statuses: Record<string, number>): Promise<string> {
  const server = http.createServer((request, response) => {
    response.statusCode = statuses[request.url ?? ""] ?? 404;
    response.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs a probe with scripted attempts and a period of one millisecond. */
async function resultsOf(attempts: boolean[], thresholds: { success?: number; failure?: number }): Promise<boolean[]> {
  const found: boolean[] = [];
  const over = new AbortController();
  const left = [...attempts];
  await runProbe(
    {
      initialDelayMs: 0,
      periodMs: 1,
      timeoutMs: 1,
      successThreshold: thresholds.success ?? 1,
      failureThreshold: thresholds.failure ?? 3,
    },
    async () => {
      const success = left.shift();
      if (left.length === 0) setImmediate(() => over.abort());
      return success === true ? undefined : "failed";
    },
    performance.now(),
    (success) => found.push(success),
    over.signal,
  );
  return found;
}

describe("a probe", () => {
  it("fails only after as many failures in a row as declared", async () => {
    expect(await resultsOf([false, false, true, false, false], { failure: 3 })).toEqual([true]);
    expect(await resultsOf([false, false, false], { failure: 3 })).toEqual([false]);
  });

  it("succeeds only after as many successes in a row as declared", async () => {
    expect(await resultsOf([true, false, true, true], { success: 2, failure: 9 })).toEqual([true]);
  });

  it("begins after its initial delay, counted from the start of the container", async () => {
    const looks: number[] = [];
    const over = new AbortController();
    const startedAt = performance.now();
    const schedule = { initialDelayMs: 80, periodMs: 1_000, timeoutMs: 1, successThreshold: 1, failureThreshold: 1 };
    const look = async () => {
      looks.push(performance.now() - startedAt);
      return undefined;
    };
    await runProbe(schedule, look, startedAt, () => over.abort(), over.signal);
    expect(looks).toHaveLength(1);
    expect(looks[0]).toBeGreaterThanOrEqual(75);
  });
});

describe("the health of a container", () => {
  const probe = (path: string, more: object = {}) => ({
    httpGet: { path, port: "http" },
    periodSeconds: 0.02,
    ...more,
  });

  async function watch(container: V1Container, url: string, ms: number): Promise<string[]> {
    const events: string[] = [];
    const over = new AbortController();
    const watching = watchHealth(
      readProbes(container),
      () => url,
      {
        onStarted: () => events.push("started"),
        onReady: (ready) => {
          const event = ready ? "ready" : "unready";
          if (!events.includes(event)) events.push(event);
        },
        onFailed: (name) => {
          if (!events.includes(`${name} failed`)) events.push(`${name} failed`);
        },
      },
      over.signal,
    );
    await sleep(ms);
    over.abort();
    await watching;
    return events;
  }

  it("runs the readiness probe only after the startup probe has succeeded", async () => {
    const statuses: Record<string, number> = { "/ready": 503 };
    const url = await serve(statuses);
    const container = {
      name: "t",
      startupProbe: probe("/ready", { failureThreshold: 100 }),
      readinessProbe: probe("/ready"),
    };
    setTimeout(() => {
      statuses["/ready"] = 200;
    }, 150);
    const early = watch(container, url, 100);
    expect(await early).toEqual([]);
    expect(await watch(container, url, 400)).toEqual(["started", "ready"]);
  });

  it("fails if the startup probe reaches its failure threshold", async () => {
    const url = await serve({ "/ready": 503 });
    const container = {
      name: "t",
      startupProbe: probe("/ready", { failureThreshold: 3 }),
      livenessProbe: probe("/live"),
    };
    expect(await watch(container, url, 400)).toEqual(["startup failed"]);
  });

  it("reports a lost readiness and a failed liveness probe", async () => {
    const url = await serve({ "/ready": 503, "/live": 500 });
    const container = {
      name: "t",
      readinessProbe: probe("/ready"),
      livenessProbe: probe("/live", { failureThreshold: 8 }),
    };
    expect(await watch(container, url, 800)).toEqual(["started", "unready", "liveness failed"]);
  });

  it("is ready at once if the container has no probes", async () => {
    expect(await watch({ name: "t" }, "http://127.0.0.1:1", 20)).toEqual(["started", "ready"]);
  });

  it("refuses a probe that is not httpGet", () => {
    expect(() => readProbes({ name: "t", livenessProbe: { exec: { command: ["true"] } } })).toThrow(
      /liveness probe of container t is not httpGet/,
    );
  });
});
