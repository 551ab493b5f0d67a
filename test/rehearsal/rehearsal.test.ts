import { beforeEach, expect, it, vi } from "vitest";
import type { TrafficSample } from "../../embedded/traffic/traffic.ts";
import { runRehearsal } from "../../rehearsal/rehearsal.ts";
import type { RehearsalReport } from "../../rehearsal/report.ts";
import type { Watched } from "../../rehearsal/watch.ts";
import { local } from "../../stacks/environments/local.ts";

/** What the engine does at each `up`: the declared version, the release, the return. */
const ups = vi.hoisted(() => ({ done: 0, failAt: [] as number[] }));
const watching = vi.hoisted(() => ({ fails: false }));
const healthy = { phase: "Healthy", observed: true, stableHash: "a", currentHash: "a", aborted: false };

vi.mock("node:timers/promises", () => ({ setTimeout: async () => undefined }));
vi.mock(import("../../rehearsal/local/localCluster.ts"), async (original) => ({
  ...(await original()),
  embeddedCluster: () => ({ embedded: { gateway: { address: "127.0.0.1", port: 1 }, prometheusUrl: "" } }) as never,
  liveEngine: async () =>
    ({
      up: async () => {
        ups.done += 1;
        if (ups.failAt.includes(ups.done)) throw new Error("the API server is gone");
      },
    }) as never,
}));
vi.mock("../../rehearsal/cluster/clusterView.ts", () => ({
  ClusterView: class {
    read = async () => undefined;
    rollout = async () => healthy;
  },
}));
vi.mock("../../rehearsal/cluster/modelPlace.ts", () => ({ diagnosed: () => ({}), modelPlace: () => ({}) }));
vi.mock("../../rehearsal/prediction.ts", () => ({ predictOnce: async () => ({ version: "1" }) }));
vi.mock("../../embedded/traffic/traffic.ts", () => ({
  startTraffic: () => ({
    stop: async () => ({}),
    async *[Symbol.asyncIterator](): AsyncGenerator<TrafficSample> {},
  }),
}));
vi.mock("../../rehearsal/watch.ts", () => ({
  watchRelease: async (): Promise<Partial<Watched>> => {
    if (watching.fails) throw new Error("Prometheus is gone");
    const rollout = { ...healthy, stepWeights: [] } as unknown as Watched["rollout"];
    const nothing = { observations: [], analyses: [], evidence: [], course: [], actions: [] };
    return { outcome: "promoted", reason: "", ...nothing, rollout, endMs: 1 };
  },
}));

const reports: RehearsalReport[] = [];
const rehearsed = () =>
  runRehearsal({
    environment: local,
    name: "fraud",
    model: local.models.fraud,
    to: "2",
    faults: "",
    rate: 5,
    timeoutMs: 1_000,
    signal: new AbortController().signal,
    onPhase: () => {},
    onState: () => {},
    onReport: (report) => {
      // The return is the third time that something is declared.
      expect(ups.done).toBe(2);
      reports.push(report);
    },
  });

beforeEach(() => {
  Object.assign(ups, { done: 0, failAt: [] });
  watching.fails = false;
  reports.length = 0;
});

it("hands out the report before the return, and returns", async () => {
  expect((await rehearsed()).notReturned).toBeUndefined();
  expect(reports.map(({ outcome }) => outcome)).toEqual(["promoted"]);
  expect(ups.done).toBe(3);
});

it("keeps the report when the return fails, and says why it failed", async () => {
  ups.failAt = [3];
  const { report, notReturned } = await rehearsed();
  expect(report.outcome).toBe("promoted");
  expect(reports).toHaveLength(1);
  expect(notReturned).toBe("the API server is gone");
});

it("says both facts when the release cannot be watched and the return fails, too", async () => {
  watching.fails = true;
  ups.failAt = [3];
  await expect(rehearsed()).rejects.toMatchObject({
    exitCode: 6,
    message: expect.stringMatching(/Prometheus is gone[\s\S]*the API server is gone/),
  });
});

it("returns when the release cannot be watched", async () => {
  watching.fails = true;
  await expect(rehearsed()).rejects.toThrow("Prometheus is gone");
  expect(ups.done).toBe(3);
});
