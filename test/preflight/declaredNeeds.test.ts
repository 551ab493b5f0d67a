import { describe, expect, it } from "vitest";
import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import { objectLabels } from "../../components/model/objectNames.ts";
import { podLabels } from "../../components/model/tritonPod.ts";
import { pinnedVersions } from "../../components/platform/systems.ts";
import type { ClusterNeeds } from "../../preflight/clusterNeeds.ts";
import { declaredNeeds, modelImages } from "../../preflight/declaredNeeds.ts";
import { quotaNeeded } from "../../preflight/quotaNeeded.ts";
import { dev } from "../../stacks/environments/dev.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { local } from "../../stacks/environments/local.ts";
import { prod } from "../../stacks/environments/prod.ts";

function needsOf(environment: Environment, cluster: string, stand?: "embedded" | "unprepared"): ClusterNeeds {
  return declaredNeeds(environment, cluster, environment.clusters[cluster] as ClusterSpec, stand);
}

describe("what is declared becomes what is needed", () => {
  it("is nothing but adopted systems in the embedded environment", () => {
    expect(needsOf(local, "embedded", "embedded")).toEqual({
      versions: { systems: {} },
      gpuPools: {},
      deviceLabels: {},
      systems: expect.objectContaining({
        istio: "adopt",
        prometheus: "adopt",
        argoRollouts: "adopt",
        gpuOperator: "none",
      }),
      models: [{ name: "fraud", monitorLabels: objectLabels("fraud"), podLabels: podLabels("fraud", "1") }],
      modelNamespace: { name: "models", mode: "adopt" },
      namespaces: [],
      storage: { kind: "none" },
      ingress: { kind: "none" },
      networkPolicy: "unenforced",
    });
  });

  it("is everything on a cluster that nobody prepared", () => {
    const { istio, prometheus, argoRollouts } = pinnedVersions();
    const needed = needsOf(local, "embedded", "unprepared");
    expect(needed.versions.systems).not.toHaveProperty("gpuOperator");
    expect(needed).toMatchObject({
      versions: { systems: { istio, prometheus, argoRollouts } },
      systems: { istio: "install", prometheus: "install", argoRollouts: "install", gpuOperator: "none" },
      modelNamespace: { name: "models", mode: "create" },
      storage: { kind: "default" },
      ingress: { kind: "loadBalancer" },
    });
  });

  it("is no node that the first pods bring, wherever the cluster is ours (terraform-provider-google #8270)", () => {
    const come = Object.keys(prod.clusters).map((cluster) => [cluster, needsOf(prod, cluster).nodesComeByThemselves]);
    expect(Object.fromEntries(come)).toEqual({
      "aws-use1": true,
      "azure-weu": true,
      "gcp-euw4": true,
      "dc-fra": undefined,
    });
  });

  it("is the GPU operator wherever there are GPU pools, but not on GKE", () => {
    const operators = Object.keys(prod.clusters).map((cluster) => [
      cluster,
      needsOf(prod, cluster).systems.gpuOperator,
    ]);
    expect(Object.fromEntries(operators)).toMatchObject({
      "aws-use1": "install",
      "azure-weu": "install",
      "gcp-euw4": "none",
    });
    expect(needsOf(prod, "gcp-euw4").versions.systems?.gpuOperator).toBeUndefined();
    expect(needsOf(prod, "aws-use1").versions.systems?.gpuOperator).toBe(pinnedVersions().gpuOperator);
  });

  it("is a Pod Security level for each namespace of a system, privileged where its pods use the node", () => {
    const levels = (cluster: string) =>
      Object.fromEntries(needsOf(prod, cluster).namespaces.map(({ name, podSecurity }) => [name, podSecurity]));
    const everywhere = {
      "istio-system": "restricted",
      "istio-ingress": "restricted",
      "cert-manager": "restricted",
      "argo-rollouts": "restricted",
      monitoring: "privileged",
    };
    expect(levels("aws-use1")).toEqual({ ...everywhere, "gpu-operator": "privileged" });
    expect(levels("gcp-euw4")).toEqual({ ...everywhere, "gpu-metrics": "privileged" });
  });

  it("is the pools as every cluster publishes them, and the labels of their nodes", () => {
    const needed = needsOf(prod, "aws-use1");
    expect(Object.keys(needed.gpuPools)).toEqual(Object.keys(prod.clusters["aws-use1"].gpuPools));
    for (const name of Object.keys(needed.gpuPools)) {
      expect(needed.deviceLabels[name]).toMatchObject({ "nvidia.com/gpu.deploy.driver": "false" });
    }
  });

  it("is a default storage class for Prometheus' volume, which the platform itself makes on EKS", () => {
    expect(Object.keys(prod.clusters).map((cluster) => needsOf(prod, cluster).storage)).toEqual([
      { kind: "none" },
      { kind: "default" },
      { kind: "default" },
      { kind: "class", name: "ceph-block" },
    ]);
    expect(needsOf(dev, "dc-lab").storage).toEqual({ kind: "default" });
  });

  it("follows a site's settings", () => {
    const spec = dev.clusters["dc-lab"];
    const at = (settings: object) => declaredNeeds(dev, "dc-lab", { ...spec, settings } as ClusterSpec);
    expect(at({})).toMatchObject({
      storage: { kind: "default" },
      ingress: { kind: "loadBalancer" },
      networkPolicy: "enforced",
    });
    const settings = {
      storageClass: "fast",
      ingress: { kind: "nodePort", port: 30080 },
      networkPolicy: "unenforced",
      registryMirror: { images: "registry.example.com/mirror" },
    };
    expect(at(settings)).toMatchObject({
      storage: { kind: "class", name: "fast" },
      ingress: { kind: "nodePort", port: 30080 },
      networkPolicy: "unenforced",
      registryMirror: { images: "registry.example.com/mirror" },
    });
  });
});

it("names each image of the models once, by digest", () => {
  const images = modelImages(prod, prod.clusters["aws-use1"] as ClusterSpec);
  expect(new Set(images).size).toBe(images.length);
  expect(images.every((image) => /@sha256:[0-9a-f]{64}$/.test(image))).toBe(true);
});

it("names the image that brings files into the pods, where a model in an object store declares its artifact", () => {
  const digest = `sha256:${"0".repeat(64)}` as const;
  const fetching = (fraud: Environment["models"][string]) =>
    modelImages({ ...prod, models: { fraud } } as Environment, prod.clusters["aws-use1"] as ClusterSpec).filter(
      (image) => image.includes("rclone"),
    );
  const checked = { ...prod.models.resnet50, artifact: { digest } };
  expect(fetching(prod.models.resnet50)).toEqual([]);
  expect(fetching({ ...checked, repository: { modelStore: "fraud" } })).toHaveLength(1);
  expect(fetching({ ...checked, repository: { pvc: "models" } })).toEqual([]);
});

it("names the images of the models at the mirror that the nodes pull from", () => {
  const mirrored = (images: unknown) =>
    modelImages(prod, { ...prod.clusters["aws-use1"], registryMirror: { images } } as ClusterSpec);
  for (const image of mirrored("registry.example.com/mirror")) {
    expect(image).toMatch(/^registry\.example\.com\/mirror\/(nvidia\/tritonserver|rclone\/rclone)@sha256:/);
  }
  for (const image of mirrored({ "docker.io": "registry.example.com/hub" })) {
    expect(image).toMatch(/^(nvcr\.io\/nvidia\/tritonserver|registry\.example\.com\/hub\/rclone\/rclone)@sha256:/);
  }
});

describe("quota", () => {
  const l4 = { machine: "g6.2xlarge", min: 0, max: 4 };
  const aws = (region: string) => ({ ...prod.clusters["aws-use1"], region, gpuPools: { l4 } }) as ClusterSpec;

  it("of one region is summed over clusters, because it is the account's", () => {
    const needed = quotaNeeded([aws("us-east-1"), aws("us-east-1"), aws("eu-west-1")]);
    const ofGpus = needed.filter(({ quota }) => quota.includes("L-DB2E81BA"));
    expect(ofGpus.map(({ region, needed: vcpu, unit }) => [region, vcpu, unit])).toEqual([
      ["us-east-1", 160, "vCPU"],
      ["eu-west-1", 80, "vCPU"],
    ]);
  });

  it("is nobody's at a site of one's own", () => {
    expect(quotaNeeded(Object.values(dev.clusters))).toEqual([]);
  });
});
