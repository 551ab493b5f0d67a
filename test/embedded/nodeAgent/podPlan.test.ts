import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { faultAnnotation } from "../../../embedded/faults/fault.ts";
import { planPod } from "../../../embedded/nodeAgent/podPlan.ts";
import { tritonPod } from "./pods.ts";

const store = join(import.meta.dirname, "../../../stacks/models/repository");
const reader = {
  claim: async () => ({ spec: { volumeName: "pv" }, status: { phase: "Bound" } }),
  volume: async () => ({ spec: { hostPath: { path: store } } }),
};
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "serin-plan-"));
});

afterEach(() => rm(directory, { recursive: true }));

describe("the plan of a pod", () => {
  it("finds the model repository of a version through the claim", async () => {
    const plan = await planPod(tritonPod("a"), directory, reader, "/tools/backends");
    expect(plan.repositories).toEqual([join(directory, "repositories/0")]);
    expect(await readFile(join(directory, "repositories/0/fraud/config.pbtxt"), "utf8")).toContain('backend: "python"');
    expect(plan.slowStartMs).toBe(0);
  });

  it("lists the existing versions if the requested one is missing", async () => {
    const pod = tritonPod("a", { args: ["tritonserver", "--model-repository=/models/fraud/99"] });
    await expect(planPod(pod, directory, reader, "/tools/backends")).rejects.toMatchObject({
      reason: "CreateContainerConfigError",
      message: `model repository /models/fraud/99 does not exist (${join(store, "fraud/99")}). Its parent folder contains: 1, 2.`,
    });
  });

  it("injects the faults of the annotation into the model", async () => {
    const pod = tritonPod("a", { annotations: { [faultAnnotation]: "errors=1%,slow-start=3s" } });
    const plan = await planPod(pod, directory, reader, "/tools/backends");
    expect(plan.slowStartMs).toBe(3_000);
    const faults = await readFile(join(directory, "repositories/0/fraud/1/faults.json"), "utf8");
    expect(JSON.parse(faults)).toMatchObject({ share: 0.01 });
  });

  it("reports an invalid fault on the pod", async () => {
    const pod = tritonPod("a", { annotations: { [faultAnnotation]: "eror=1%" } });
    await expect(planPod(pod, directory, reader, "/tools/backends")).rejects.toMatchObject({
      reason: "CreateContainerConfigError",
      message: expect.stringContaining('Did you mean "errors"?'),
    });
  });

  it("passes an error of the API server on unchanged", async () => {
    const away = { ...reader, claim: () => Promise.reject(new Error("connect ECONNREFUSED")) };
    await expect(planPod(tritonPod("a"), directory, away, "/tools/backends")).rejects.toThrow("connect ECONNREFUSED");
  });

  it("sets the plain variables of the container and the fields of the pod", async () => {
    const pod = tritonPod("a");
    const [container] = pod.spec?.containers ?? [];
    if (container !== undefined) {
      container.env = [
        { name: "A", value: "1" },
        { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      ];
    }
    expect((await planPod(pod, directory, reader, "/tools/backends")).env).toEqual({ A: "1", POD: "a" });
  });
});
