import type { V1ContainerState, V1Pod } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { refusedStarts } from "../../../rehearsal/cluster/refusedStarts.ts";

const at = new Date("2026-01-02T03:04:05Z");
const ended = (exitCode: number, message?: string): V1ContainerState => ({
  terminated: { exitCode, startedAt: at, finishedAt: at, ...(message === undefined ? {} : { message }) },
});

function pod(version: string, state: V1ContainerState, lastState: V1ContainerState = {}): V1Pod {
  const status = { name: "artifact-check", image: "", imageID: "", restartCount: 1, state, lastState };
  return {
    metadata: { labels: { version } },
    status: { initContainerStatuses: [{ ...status, ready: state.terminated?.exitCode === 0 }] },
  };
}

const why = "refused: declared is digest sha256:1, and the files in /models/fraud/2 have sha256:2.";

it("says once for each version what the check of its files said last", () => {
  const waiting = pod("2", { waiting: { reason: "CrashLoopBackOff" } }, ended(65, `${why}\n`));
  expect(refusedStarts([waiting, waiting, pod("3", ended(137))])).toEqual([
    `version 2 ${why}`,
    "version 3 exit code 137",
  ]);
});

it("says nothing of pods whose check ended well, also after a refusal, nor of pods without one", () => {
  expect(refusedStarts([pod("2", ended(0), ended(65, why)), pod("2", { running: { startedAt: at } })])).toEqual([]);
  expect(refusedStarts([{ metadata: { labels: { version: "1" } }, status: {} }, {}])).toEqual([]);
});
