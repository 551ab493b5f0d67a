import { describe, expect, it } from "vitest";
import { type Artifact, artifactProblems } from "../../../components/model/artifact.ts";
import { withVersion } from "../../../components/model/model.ts";
import { tritonPod } from "../../../components/model/tritonPod.ts";
import { host, sound } from "./fixtures.ts";

const other = `sha256:${"0".repeat(64)}` as const;
const artifact: Artifact = { digest: other, data: "2026-11-01" };

describe("a declared artifact", () => {
  it("has a sha256 digest and a data version of plain characters", () => {
    expect(artifactProblems({ digest: other, data: "2026-11-01" })).toEqual([]);
    const paths = (artifact: Artifact) => artifactProblems(artifact).map(({ path }) => path);
    expect(paths({ digest: "sha256:ABC" })).toEqual(["digest"]);
    expect(paths({ digest: other, data: "" })).toEqual(["data"]);
    expect(paths({ digest: other, data: "of\nnovember" })).toEqual(["data"]);
  });
});

interface Pod {
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env?: unknown;
    readonly volumeMounts: unknown;
  }[];
  readonly initContainers?: readonly {
    readonly name: string;
    readonly args: readonly string[];
    readonly image: string;
    readonly env: unknown;
    readonly volumeMounts: unknown;
    readonly securityContext: unknown;
  }[];
  readonly volumes: readonly { readonly name: string }[];
}

const specOf = (model: typeof sound, at = host) => tritonPod("fraud", model, at).spec as unknown as Pod;

describe("the pods of a version", () => {
  it("check nothing where no artifact is declared", () => {
    expect(specOf(sound).initContainers).toBeUndefined();
  });

  it("check a volume where it is mounted, with Triton's own image and no GPU", () => {
    const { initContainers = [], containers } = specOf({ ...sound, artifact });
    expect(initContainers.map(({ name }) => name)).toEqual(["artifact-check"]);
    expect(initContainers[0]).toMatchObject({
      args: ["artifact-check", "/models/fraud/1", other, "2026-11-01"],
      image: sound.server.image,
      env: [{ name: "NVIDIA_VISIBLE_DEVICES", value: "void" }],
      volumeMounts: [{ name: "models", mountPath: "/models", readOnly: true }],
    });
    expect(containers[0]?.args).toContain("--model-repository=/models/fraud/1");
  });

  it.each([
    [
      { kind: "s3", url: "s3://models", region: "us-east-1" },
      ":s3,provider=AWS,env_auth=true,region=us-east-1:models/fraud/1/",
    ],
    [
      { kind: "s3", url: "s3://https://minio.example.com:9000/models", region: "us-east-1" },
      ':s3,provider=Other,endpoint="https://minio.example.com:9000",env_auth=true,region=us-east-1:models/fraud/1/',
    ],
    [{ kind: "gcs", url: "gs://models" }, ":gcs,env_auth=true,bucket_policy_only=true:models/fraud/1/"],
    [{ kind: "azureBlob", url: "as://account/models" }, ":azureblob,env_auth=true,account=account:models/fraud/1/"],
  ] as const)("bring the files of %o into the pod, check them there, and load those", (modelStore, source) => {
    const model = { ...sound, repository: { modelStore: "fraud" }, artifact };
    const { initContainers = [], containers, volumes } = specOf(model, { ...host, modelStore });
    expect(initContainers.map(({ name }) => name)).toEqual(["artifact-download", "artifact-check"]);
    const [download, check] = initContainers;
    expect(download?.args.slice(0, 3)).toEqual(["copy", source, "/models"]);
    expect(download?.image).toMatch(/^docker\.io\/rclone\/rclone@sha256:[0-9a-f]{64}$/);
    // Before Istio's proxy runs, only its own user reaches the network.
    expect(download?.securityContext).toMatchObject({ runAsUser: 1337 });
    expect(check?.args[1]).toBe("/models");
    expect(containers[0]?.args).toContain("--model-repository=/models");
    expect(containers[0]?.env).toBeUndefined();
    expect(volumes).toContainEqual({ name: "models", emptyDir: {} });
  });

  it("are those of another version without the artifact of the declared one", () => {
    const declared = { ...sound, artifact };
    expect(withVersion(declared, "1")).toBe(declared);
    expect(withVersion(declared, "2")).toEqual({ ...sound, version: "2" });
  });
});
