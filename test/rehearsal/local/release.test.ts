import { expect, it } from "vitest";
import type { ClusterView, RolloutView } from "../../../rehearsal/cluster/clusterView.ts";
import { waitUntilServing } from "../../../rehearsal/local/release.ts";

const aborted: RolloutView = {
  name: "fraud",
  version: "2",
  phase: "Degraded",
  message: 'RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "fraud-b" has timed out progressing.',
  aborted: true,
  inconclusive: false,
  stableHash: "a",
  currentHash: "b",
  replicas: 2,
  readyReplicas: 2,
  observed: true,
  step: 0,
  stepWeights: [],
};

function waitFor(rollout: RolloutView): Promise<RolloutView> {
  const view = { rollout: () => Promise.resolve(rollout) } as unknown as ClusterView;
  return waitUntilServing(view, "models", "fraud", { timeoutMs: 60_000, signal: AbortSignal.timeout(5_000) });
}

it("a model whose release was rolled back serves, by the version before", async () => {
  expect(await waitFor(aborted)).toBe(aborted);
});

it("a first version that the controller has given up serves nothing, and is not waited for", async () => {
  await expect(waitFor({ ...aborted, stableHash: "", readyReplicas: 0 })).rejects.toThrow(
    'Rollout models/fraud: it is Degraded: RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "fraud-b" has timed out progressing.',
  );
});
