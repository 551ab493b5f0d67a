import { expect, it } from "vitest";
import { exitCodes } from "../../../components/core/problem.ts";
import { diagnose, type Finding } from "../../../diagnosis/diagnose.ts";
import { ExplainedError } from "../../../diagnosis/findingText.ts";
import type { ClusterView, RolloutView } from "../../../rehearsal/cluster/clusterView.ts";
import { waitUntilServing } from "../../../rehearsal/local/release.ts";
import { broken, recorded } from "../../diagnosis/evidence.fixture.ts";

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

function waitFor(
  rollout: RolloutView,
  { hopeless = [], serves = true }: { hopeless?: readonly Finding[]; serves?: boolean } = {},
): Promise<RolloutView> {
  const view = { rollout: () => Promise.resolve(rollout) } as unknown as ClusterView;
  return waitUntilServing(view, "models", "fraud", {
    timeoutMs: 60_000,
    signal: AbortSignal.timeout(5_000),
    start: () => Promise.resolve({ pods: 1, serves, hopeless }),
    findings: () => Promise.resolve([]),
  });
}

const hopeless = diagnose(broken(recorded("python-syntax")));
const starting: RolloutView = {
  ...aborted,
  phase: "Progressing",
  message: "more replicas need to be updated",
  aborted: false,
};

it("a version that cannot start is not waited for: pod, cause, Triton's words and the way to its log are said", async () => {
  const error = await waitFor({ ...starting, stableHash: "", readyReplicas: 0 }, { hopeless, serves: false }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ExplainedError);
  const { message, exitCode, problems } = error as ExplainedError;
  expect(exitCode).toBe(exitCodes.incomplete);
  expect(message).toMatch(/^Model "fraud" does not start\.\n\n {2}certain {3}model\.py does not compile: SyntaxError/);
  expect(message).toContain("next      kubectl logs -n models fraud-7c9b-vwxyz -c triton");
  expect(problems[0]).toMatchObject({
    path: "fraud-7c9b-vwxyz",
    reason: expect.stringContaining("expected ':' (model.py, line 13)"),
  });
});

it("a release whose pods cannot start says so, and who has the traffic", async () => {
  await expect(waitFor(starting, { hopeless, serves: false })).rejects.toThrow(
    'Version 2 of model "fraud" does not start; the version before has the traffic.',
  );
  expect(await waitFor(starting)).toBe(starting);
});

it("a model whose release was rolled back serves, by the version before", async () => {
  expect(await waitFor(aborted)).toBe(aborted);
});

it("a first version that the controller has given up serves nothing, and is not waited for", async () => {
  await expect(waitFor({ ...aborted, stableHash: "", readyReplicas: 0 })).rejects.toThrow(
    'Rollout models/fraud: it is Degraded: RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "fraud-b" has timed out progressing.',
  );
});
