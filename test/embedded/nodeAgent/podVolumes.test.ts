import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1PersistentVolume, V1PersistentVolumeClaim } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { containerMounts, translatePath } from "../../../embedded/nodeAgent/podVolumes.ts";
import { tritonPod } from "./pods.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "serin-volumes-"));
});

afterEach(() => rm(directory, { recursive: true }));

const bound: V1PersistentVolumeClaim = { spec: { volumeName: "pv" }, status: { phase: "Bound" } };
const onHost: V1PersistentVolume = { spec: { hostPath: { path: "/store" } } };

const mountsOf = (claim: V1PersistentVolumeClaim | undefined, volume: V1PersistentVolume | undefined) =>
  containerMounts(tritonPod("a"), "triton", directory, { claim: async () => claim, volume: async () => volume });

describe("the mounts of a container", () => {
  it("give a claim the host path of its volume", async () => {
    const [models] = await mountsOf(bound, onHost);
    expect(models).toEqual({ mountPath: "/models", hostPath: "/store" });
    expect((await mountsOf(bound, { spec: { local: { path: "/disk" } } }))[0]?.hostPath).toBe("/disk");
  });

  it("give an emptyDir a folder of the pod", async () => {
    const tmp = (await mountsOf(bound, onHost)).find(({ mountPath }) => mountPath === "/tmp");
    expect(tmp?.hostPath).toBe(join(directory, "volumes/tmp"));
    expect((await stat(tmp?.hostPath ?? "")).isDirectory()).toBe(true);
  });

  it("report a missing object as a kubelet does", async () => {
    await expect(mountsOf(undefined, onHost)).rejects.toMatchObject({
      reason: "ContainerCreating",
      message: 'persistentvolumeclaim "model-store" not found in namespace models.',
    });
    await expect(mountsOf({ status: { phase: "Pending" } }, onHost)).rejects.toThrow(
      /not bound to a volume \(phase Pending\)/,
    );
    await expect(mountsOf(bound, undefined)).rejects.toThrow(/persistentvolume "pv" of claim "model-store" not found/);
    await expect(mountsOf(bound, { spec: {} })).rejects.toThrow(/neither hostPath nor local/);
  });

  it("include the subPath", async () => {
    const pod = tritonPod("a");
    const mount = pod.spec?.containers[0]?.volumeMounts?.[0];
    if (mount !== undefined) mount.subPath = "fraud";
    const [models] = await containerMounts(pod, "triton", directory, {
      claim: async () => bound,
      volume: async () => onHost,
    });
    expect(models?.hostPath).toBe("/store/fraud");
  });
});

describe("a path in the container", () => {
  const mounts = [
    { mountPath: "/models", hostPath: "/store" },
    { mountPath: "/models/extra", hostPath: "/more" },
  ];

  it("is translated by the mount with the longest matching path", () => {
    expect(translatePath("/models/fraud/1", mounts)).toBe("/store/fraud/1");
    expect(translatePath("/models", mounts)).toBe("/store");
    expect(translatePath("/models/extra/a", mounts)).toBe("/more/a");
  });

  it("stays the same on no mount, even if a mount path is a prefix of its name", () => {
    expect(translatePath("/models-old/a", mounts)).toBe("/models-old/a");
    expect(translatePath("python,a=b", mounts)).toBe("python,a=b");
  });
});
