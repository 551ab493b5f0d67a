import type { V1PodCondition } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { type ContainerView, initialView, podStatus } from "../../../embedded/nodeAgent/podStatus.ts";
import { RestartBackOff } from "../../../embedded/nodeAgent/restartBackOff.ts";
import { tritonPod } from "./pods.ts";

const now = new Date("2026-01-02T03:04:05Z");
const earlier = new Date("2026-01-02T03:00:00Z");
const running: ContainerView = {
  state: { kind: "running", startedAt: earlier },
  restartCount: 0,
  started: true,
  ready: true,
};

const condition = (type: string, status: string): V1PodCondition => ({ type, status, lastTransitionTime: earlier });

describe("the status of a pod", () => {
  it("is running and ready when its container is", () => {
    const status = podStatus(tritonPod("a"), "triton", running, now);
    expect(status.phase).toBe("Running");
    expect(status.conditions?.map(({ type, status: value }) => `${type} ${value}`)).toEqual([
      "Initialized True",
      "ContainersReady True",
      "Ready True",
    ]);
    expect(status.containerStatuses?.[0]).toMatchObject({
      ready: true,
      started: true,
      state: { running: { startedAt: earlier } },
    });
  });

  it("has no pod IP, because the API server refuses endpoints with a loopback address", () => {
    expect(podStatus(tritonPod("a"), "triton", running, now)).not.toHaveProperty("podIP");
  });

  it("keeps the conditions of other writers, and the transition time of unchanged ones", () => {
    const pod = {
      ...tritonPod("a"),
      status: { conditions: [condition("PodScheduled", "True"), condition("Ready", "True")] },
    };
    const status = podStatus(pod, "triton", { ...running, ready: false }, now);
    expect(status.conditions?.find(({ type }) => type === "PodScheduled")?.lastTransitionTime).toBe(earlier);
    expect(status.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
      status: "False",
      lastTransitionTime: now,
    });
    const same = podStatus(pod, "triton", running, now);
    expect(same.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime).toBe(earlier);
  });

  it("is Pending until the container has run once, and Running while it waits for a restart", () => {
    const waiting = {
      state: { kind: "waiting", reason: "ContainerCreating", message: "why" } as const,
      started: false,
      ready: false,
    };
    expect(podStatus(tritonPod("a"), "triton", { ...waiting, restartCount: 0 }, now).phase).toBe("Pending");
    const again = podStatus(tritonPod("a"), "triton", { ...waiting, restartCount: 2 }, now);
    expect(again.phase).toBe("Running");
    expect(again.containerStatuses?.[0]).toMatchObject({ restartCount: 2, state: { waiting: { message: "why" } } });
  });

  it("is not ready while the pod is being deleted or a readiness gate is closed", () => {
    const ready = (status: ReturnType<typeof podStatus>) =>
      status.conditions?.find(({ type }) => type === "Ready")?.status;
    expect(ready(podStatus(tritonPod("a", { deletionTimestamp: now }), "triton", running, now))).toBe("False");
    const pod = tritonPod("a");
    const gated = {
      ...pod,
      spec: { ...pod.spec, containers: pod.spec?.containers ?? [], readinessGates: [{ conditionType: "x" }] },
    };
    expect(ready(podStatus(gated, "triton", running, now))).toBe("False");
    expect(
      ready(podStatus({ ...gated, status: { conditions: [condition("x", "True")] } }, "triton", running, now)),
    ).toBe("True");
  });

  it("contains how the last process ended", () => {
    const last = { exitCode: 137, signal: 9, reason: "Error", message: "boom", startedAt: earlier, finishedAt: now };
    const status = podStatus(tritonPod("a"), "triton", { ...running, restartCount: 1, last }, now);
    expect(status.containerStatuses?.[0]?.lastState?.terminated).toEqual(last);
  });
});

describe("a pod that ran before the agent was started", () => {
  it("counts as restarted, because its process is lost", () => {
    const pod = {
      ...tritonPod("a"),
      status: {
        containerStatuses: [
          {
            name: "triton",
            image: "",
            imageID: "",
            ready: true,
            restartCount: 2,
            state: { running: { startedAt: earlier } },
          },
        ],
      },
    };
    expect(initialView(pod, "triton", now)).toMatchObject({
      restartCount: 3,
      ready: false,
      last: { exitCode: 255, reason: "Unknown", startedAt: earlier, finishedAt: now },
    });
  });

  it("counts as new if its container has never run", () => {
    expect(initialView(tritonPod("a"), "triton", now)).toMatchObject({ restartCount: 0, state: { kind: "waiting" } });
  });
});

describe("the back-off of restarts", () => {
  it("is the kubelet's: at once, 10 s, then twice as long each time up to five minutes", () => {
    const backOff = new RestartBackOff();
    expect(Array.from({ length: 8 }, () => backOff.nextDelayMs(1_000) / 1_000)).toEqual([
      0, 10, 20, 40, 80, 160, 300, 300,
    ]);
  });

  it("starts anew after a run of ten minutes", () => {
    const backOff = new RestartBackOff();
    for (let n = 0; n < 5; n += 1) backOff.nextDelayMs(1_000);
    expect(backOff.nextDelayMs(600_000)).toBe(0);
    expect(backOff.nextDelayMs(1_000)).toBe(10_000);
  });
});
