import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import type { RolloutView } from "../../rehearsal/cluster/clusterView.ts";
import { modelStates, stateOf } from "../../rehearsal/cluster/modelStates.ts";
import { healthy } from "../diagnosis/evidence.fixture.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";

// What never answers is given up in a moment.
vi.mock(import("../../engine/kubernetes/patience.ts"), () => ({ patience: { known: 300, unknown: 300 } }));

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A cluster on which `fraud` has one of two pods ready, and no other model is deployed. */
async function cluster(pods: readonly object[] = []): Promise<string> {
  const rollout = {
    metadata: { name: "fraud", generation: 1 },
    spec: { replicas: 2, template: { metadata: { labels: { version: "7" } } } },
    status: { phase: "Progressing", readyReplicas: 1, stableRS: "a", currentPodHash: "b", currentStepIndex: 2 },
  };
  const created = createServer((request, response) => {
    const lists = /\/(pods|events)\?/.exec(request.url ?? "")?.[1];
    const answer = lists === undefined ? rollout : { items: lists === "pods" ? pods : [] };
    const found = lists !== undefined || request.url?.endsWith("/rollouts/fraud") === true;
    response.writeHead(found ? 200 : 404).end(JSON.stringify(found ? answer : { message: "not found" }));
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  return kubeconfigOf(`http://127.0.0.1:${(created.address() as AddressInfo).port}`);
}

const at = {
  namespace: "models",
  signal: new AbortController().signal,
  place: (model: string, client: KubernetesClient) => ({
    client,
    kubectl: "kubectl",
    model: { ...healthy.model, name: model },
  }),
};

it("says what each model does on each cluster, and waits for none", async () => {
  expect(await modelStates({ one: await cluster() }, ["fraud", "images"], at)).toEqual({
    "one/fraud": { version: "7", state: "progressing, 1 of 2 ready, release under way, step 2" },
    "one/images": { version: "–", state: "not deployed" },
  });
});

it("says why pods do not serve, as far as that is known", async () => {
  const message = 'failed to pull image "nvcr.io/x:1": nvcr.io/x:1: not found';
  const state = { waiting: { reason: "ErrImagePull", message } };
  const status = {
    phase: "Pending",
    containerStatuses: [{ name: "triton", ready: false, restartCount: 0, state, lastState: {} }],
  };
  const pod = { metadata: { name: "fraud-b-1", namespace: "models", labels: { version: "7" } }, spec: {}, status };
  const states = await modelStates({ one: await cluster([pod]) }, ["fraud"], at);
  expect(states["one/fraud"]?.findings?.[0]).toMatchObject({ rule: "image-not-found", about: ["fraud-b-1"] });
});

it("does not fail for a cluster that does not answer", async () => {
  const states = await modelStates({ gone: kubeconfigOf("http://127.0.0.1:1") }, ["fraud"], at);
  expect(states["gone/fraud"]?.state).toMatch(/^not looked at \(.*ECONNREFUSED/);
});

describe("what a Rollout does, in a few words", () => {
  const healthy: RolloutView = {
    name: "fraud",
    version: "2",
    phase: "Healthy",
    message: "",
    aborted: false,
    inconclusive: false,
    stableHash: "a",
    currentHash: "a",
    replicas: 3,
    readyReplicas: 3,
    observed: true,
    step: 0,
    stepWeights: [],
  };
  const timedOut =
    'RolloutAborted: Rollout aborted update to revision 1: ReplicaSet "fraud-b" has timed out progressing.';

  it.each<[string, Partial<RolloutView>, string]>([
    ["it is healthy", {}, "healthy"],
    ["pods are not ready", { phase: "Progressing", readyReplicas: 1 }, "progressing, 1 of 3 ready"],
    [
      "a release was aborted",
      { phase: "Degraded", aborted: true, currentHash: "b", message: timedOut },
      "rolled back from 2",
    ],
    [
      "the first version made no progress in time: there is none to go back to",
      { phase: "Degraded", aborted: true, stableHash: "", currentHash: "b", readyReplicas: 1, message: timedOut },
      `never became ready in time, 1 of 3 ready (${timedOut})`,
    ],
    [
      "the controller gives no reason",
      { phase: "Degraded", aborted: true, stableHash: "", readyReplicas: 0 },
      "never became ready in time, 0 of 3 ready",
    ],
    [
      "its spec is not valid",
      { phase: "Degraded", message: "InvalidSpec: The Rollout is invalid: spec.selector: Required value" },
      "degraded (InvalidSpec: The Rollout is invalid: spec.selector: Required value)",
    ],
    ["an analysis could not decide", { inconclusive: true, phase: "Paused" }, "undecided, waits for a person"],
  ])("%s", (_, rollout, state) => {
    expect(stateOf({ ...healthy, ...rollout })).toBe(state);
  });
});
