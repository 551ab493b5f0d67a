import { expect, it } from "vitest";
import { disturbances } from "../../rehearsal/disturbances.ts";
import { rehearsing } from "../../rehearsal/rehearsal.ts";

const pod = (name: string, ready: boolean) => ({
  metadata: { name },
  status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});
const at = (atMs: number, requests = 1) => ({ atMs, weight: 5, counters: { requests, errors: 0, slow: 0 } });

it("kills a ready pod of the new version again and again, once it has answered requests", async () => {
  const killed: string[] = [];
  const view = {
    pods: async (_: string, selector: string) => {
      expect(selector).toBe("rollouts-pod-template-hash=b");
      return [pod("starting", false), pod("ready", true)];
    },
    client: { send: async ({ path }: { path: string }) => killed.push(path) },
  };
  const place = { view: view as never, namespace: "models", environment: "none" };
  const { on, end } = disturbances("pod-kill=10s", place);
  for (const observation of [at(0, 0), at(1_000), at(5_000), at(11_500)]) {
    on({ currentHash: "b" }, observation);
    await new Promise(setImmediate);
  }
  end();
  expect(killed).toEqual(Array(2).fill("/api/v1/namespaces/models/pods/ready"));
});

it("begins later where the fault says so, counted from the first request", async () => {
  const killed: number[] = [];
  const view = { pods: async () => [pod("ready", true)], client: { send: async () => killed.push(1) } };
  const { on } = disturbances("pod-kill=10s@20s", { view: view as never, namespace: "models", environment: "none" });
  const counts: number[] = [];
  for (const observation of [at(5_000, 0), at(10_000), at(29_000), at(30_500)]) {
    on({ currentHash: "b" }, observation);
    await new Promise(setImmediate);
    counts.push(killed.length);
  }
  expect(counts).toEqual([0, 0, 0, 1]);
});

it("does nothing without a fault from outside, and survives an API server that is away", async () => {
  const view = { pods: () => Promise.reject(new Error("away")) } as never;
  const place = { view, namespace: "models", environment: "none" };
  disturbances("errors=1%", place).on({ currentHash: "b" }, at(0));
  disturbances("pod-kill=10s", place).on({ currentHash: "b" }, at(0));
  await new Promise(setImmediate);
});

const rollout = {
  metadata: { name: "fraud" },
  spec: { template: { metadata: {}, spec: { containers: [{ resources: { limits: { memory: "2Gi" } } }, {}] } } },
};
const type = "kubernetes:argoproj.io/v1alpha1:Rollout";

it("asks for more GPUs than there are in the rehearsed Rollout alone", () => {
  const changed = rehearsing("fraud", "no-gpu")(type, "", rollout) as unknown as typeof rollout;
  expect(changed.spec.template.spec.containers[0]?.resources?.limits).toEqual({
    memory: "2Gi",
    "nvidia.com/gpu": "9999",
  });
  expect(changed.spec.template.spec.containers[1]).toEqual({});
  const other = { ...rollout, metadata: { name: "other" } };
  expect(rehearsing("fraud", "no-gpu")(type, "", other)).toBe(other);
});

it("marks the pods with the faults as they were typed", () => {
  const changed = rehearsing("fraud", "errors=1%")(type, "", rollout) as never as {
    spec: { template: { metadata: { annotations: object }; spec: object } };
  };
  expect(changed.spec.template.metadata.annotations).toMatchObject({ "rehearsal.serin.dev/fault": "errors=1%" });
  expect(changed.spec.template.spec).toEqual(rollout.spec.template.spec);
});
