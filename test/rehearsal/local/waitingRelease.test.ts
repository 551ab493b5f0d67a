import { expect, it } from "vitest";
import { rehearsalAnnotation, waitingReleaseProblems } from "../../../rehearsal/local/waitingRelease.ts";

const rollout = (version: string, status: object, annotations = {}) => ({
  metadata: { name: "fraud", generation: 2 },
  spec: { template: { metadata: { labels: { version }, annotations } }, strategy: { canary: { steps: [] } } },
  status: { observedGeneration: "2", stableRS: "a", currentPodHash: "b", ...status },
});
const problems = (found: object | undefined, version = "2") =>
  waitingReleaseProblems({ read: async <T>() => found as T | undefined }, "models", "fraud", { version });

it("refuses to rehearse over a release of a person, and says how to end it", async () => {
  const [problem] = await problems(rollout("2", { phase: "Progressing" }));
  expect(problem?.reason).toContain("version 2 is still being released");
  expect(problem?.fix).toContain("npx serin release promote fraud --full");
});

it("refuses to rehearse from a version that was rolled back, or is declared and not up", async () => {
  expect((await problems(rollout("2", { abort: true })))[0]?.reason).toContain("was rolled back");
  expect((await problems(rollout("1", { currentPodHash: "a" })))[0]?.reason).toContain(
    "version 2 is declared, and version 1 is up",
  );
});

it("starts where the declared version serves, and over what a rehearsal left behind", async () => {
  expect(await problems(rollout("2", { currentPodHash: "a", phase: "Healthy" }))).toEqual([]);
  expect(await problems(rollout("3", { phase: "Progressing" }, { [rehearsalAnnotation]: "now" }))).toEqual([]);
  expect(await problems(undefined)).toEqual([]);
});
