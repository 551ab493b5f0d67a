import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GpuPool, gpuTaint } from "../../../components/cluster/gpuPool.ts";
import type { ModelStore } from "../../../components/cluster/stores.ts";
import { schemaProblems } from "../../../components/core/customResource.ts";
import { fittingPools, type HostCluster } from "../../../components/model/hostCluster.ts";
import type { Model } from "../../../components/model/model.ts";
import { validateModel } from "../../../components/model/modelProblems.ts";
import { podDeadlineSeconds, rolloutSpec } from "../../../components/model/rollout.ts";
import { type Canary, canary } from "../../../components/model/strategies/canary/canary.ts";
import { canaryStrategy } from "../../../components/model/strategies/canary/canaryStrategy.ts";
import { type GpuRequest, triton } from "../../../components/model/triton.ts";
import { context, host, sound } from "./fixtures.ts";

/** A manifest as a person reads it. */
interface Manifest {
  progressDeadlineSeconds: number;
  progressDeadlineAbort: boolean;
  strategy: { canary: { steps: Step[]; analysis: { startingStep: number }; scaleDownDelaySeconds: number } };
  template: {
    metadata: { annotations: Record<string, string>; labels: Record<string, string> };
    spec: {
      containers: [
        {
          args: string[];
          env?: unknown;
          volumeMounts: unknown[];
          startupProbe: { periodSeconds: number; failureThreshold: number };
          resources: { limits: Record<string, string>; requests: Record<string, string> };
        },
      ];
      affinity?: unknown;
      tolerations?: unknown;
      volumes: unknown[];
    };
  };
}

interface Step {
  setWeight?: number;
  setCanaryScale?: { weight: number };
  analysis?: { templates: { templateName: string }[]; args: { name: string; value?: string }[] };
  pause?: { duration: number };
}

const spec = (model: Model, change: Partial<HostCluster> = {}) => deployed(model, { ...host, ...change });
function deployed(model: Model, on: HostCluster): Manifest {
  const at = { ...context, podDeadlineSeconds: podDeadlineSeconds(model, on) };
  return rolloutSpec(model, on, at) as unknown as Manifest;
}
const steps = (model: Model): Step[] => spec(model).strategy.canary.steps;

it("fits the schema of the Rollout", () => {
  expect(schemaProblems("Rollout", spec(sound))).toEqual([]);
});

it("decides every weight but the last before traffic grows, whatever the weights are", () => {
  const ladders = fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 6 })
    .map((weights) => [...weights.sort((a, b) => a - b), 100]);
  fc.assert(
    fc.property(ladders, fc.constantFrom("0s", "2m"), (weights, bake) => {
      let decided = true;
      for (const step of steps({ ...sound, release: canary({ weights, bake }) })) {
        if (step.setWeight !== undefined) {
          if (!decided) return false;
          decided = false;
        }
        if (step.analysis?.templates[0]?.templateName.startsWith("fraud-at-") === true) decided = true;
      }
      return true;
    }),
  );
});

it("keeps the old pods while the guard sees all traffic on the new version at least three times", () => {
  const end = (release: Partial<Canary>) => steps({ ...sound, release: canary(release) }).slice(-2);
  expect(end({ bake: "0s" })).toEqual([{ setWeight: 100 }, { pause: { duration: 4 * 30 } }]);
  expect(end({ bake: "10m" })).toEqual([{ setWeight: 100 }, { pause: { duration: 600 } }]);
});

it("starts the guard with the first request to the new version", () => {
  for (const replicas of [1, 2, 40]) {
    const { steps: found, analysis } = spec({ ...sound, replicas }).strategy.canary;
    expect(found[analysis.startingStep - 1]).toEqual({ setWeight: 5 });
  }
});

it("waits before a weight until all of its pods answer, so that none carries the load of another", () => {
  const gates = (replicas: number) =>
    steps({ ...sound, replicas }).flatMap(({ setCanaryScale, setWeight }) => setCanaryScale ?? setWeight ?? []);
  // The controller waits for the first pod of a version by itself.
  expect(gates(1)).toEqual([5, 20, 50, 100]);
  expect(gates(2)).toEqual([5, 20, 50, { weight: 100 }, 100]);
  expect(gates(40)).toEqual([{ weight: 5 }, 5, { weight: 20 }, 20, { weight: 50 }, 50, { weight: 100 }, 100]);
  const [scale, gate, weight] = steps({ ...sound, replicas: 2 }).slice(-4);
  expect([scale, weight]).toEqual([{ setCanaryScale: { weight: 100 } }, { setWeight: 100 }]);
  expect(gate?.analysis?.templates).toEqual([{ templateName: "fraud-pods" }]);
  expect(gate?.analysis?.args.at(-1)).toEqual({ name: "weight", value: "100" });
});

it("takes traffic back with half of the stable pods, and lets a version be stopped while pods are missing", () => {
  expect(spec(sound).strategy.canary).toMatchObject({
    canaryService: "fraud-canary",
    stableService: "fraud-stable",
    replicaProgressThreshold: { type: "Percent", value: 50 },
  });
});

it("keeps the old pods for as long as their owner wants to go back at once", () => {
  expect(spec(sound).strategy.canary.scaleDownDelaySeconds).toBe(30);
  expect(spec({ ...sound, release: canary({ keep: "10m" }) }).strategy.canary.scaleDownDelaySeconds).toBe(600);
  expect(validateModel("fraud", { ...sound, release: canary({ keep: "10s" }) })).toEqual([
    expect.objectContaining({ path: "release.keep" }),
  ]);
});

it("says of every step how long it is planned to take", () => {
  for (const replicas of [1, 2, 5]) {
    const model = { ...sound, replicas };
    const planned = canaryStrategy.plannedSeconds?.(model, model.release, context) ?? [];
    expect(planned).toHaveLength(steps(model).length);
    expect(planned.every((seconds) => Number.isInteger(seconds) && seconds > 0)).toBe(true);
  }
});

it("names analyses by their weight, so that a weight more renames no other", () => {
  const names = (weights: number[]) =>
    steps({ ...sound, release: canary({ weights }) }).flatMap(({ analysis }) => analysis?.templates ?? []);
  expect(names([5, 50, 100])).toEqual(
    names([5, 20, 50, 100]).filter(({ templateName }) => templateName !== "fraud-at-20"),
  );
});

it("bakes before it judges, and not at all where nothing needs to warm up", () => {
  expect(steps(sound)[1]).toEqual({ pause: { duration: 120 } });
  expect(steps({ ...sound, release: canary({ bake: "0s" }) })[1]?.analysis).toBeDefined();
});

it("gives a model that loads slowly the time it asks for, twice, after its image was pulled", () => {
  const slow = spec({ ...sound, server: triton({ backend: "python", startup: "20m" }) });
  const probe = slow.template.spec.containers[0].startupProbe;
  expect(probe.periodSeconds * probe.failureThreshold).toBe(1_200);
  expect(slow).toMatchObject({ progressDeadlineSeconds: 300 + 2_400, progressDeadlineAbort: true });
  const uneven = spec({ ...sound, server: triton({ backend: "python", startup: "1001.1s" }) });
  expect(uneven.progressDeadlineSeconds).toBe(300 + 2_003);
});

describe("a model with a GPU", () => {
  const l4: GpuPool = {
    gpu: "L4",
    gpusPerNode: 1,
    min: 1,
    max: 4,
    sharing: { kind: "exclusive" },
    driver: { owner: "cloud" },
    vcpu: 8,
    memoryGiB: 32,
    spot: false,
    nodeSelector: { "serin.dev/gpu-class": "L4" },
    taints: [gpuTaint],
  };
  const a100: GpuPool = {
    ...l4,
    gpu: "A100-80GB",
    gpusPerNode: 7,
    sharing: { kind: "mig", profile: "1g.10gb" },
    nodeSelector: { "serin.dev/gpu-class": "A100-80GB.mig-1g.10gb" },
  };
  const asking = (gpu: GpuRequest, gpuPools: HostCluster["gpuPools"]) =>
    spec({ ...sound, server: triton({ backend: "onnxruntime", gpu }) }, { gpuPools }).template.spec;
  const terms = (affinity: unknown) =>
    (affinity as { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: unknown[] } } })
      .nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;

  it("runs on the nodes of every pool that has it, and on no other", () => {
    const spot = { ...l4, nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-L4" } };
    expect(terms(asking({ kind: "L4", count: 1 }, { l4, spot, again: l4, a100 }).affinity)).toEqual([
      { matchExpressions: [{ key: "serin.dev/gpu-class", operator: "In", values: ["L4"] }] },
      { matchExpressions: [{ key: "nvidia.com/gpu.product", operator: "In", values: ["NVIDIA-L4"] }] },
    ]);
  });

  it("is waited for while a node starts, where one may", () => {
    const deadline = (pool: GpuPool) =>
      podDeadlineSeconds(
        { ...sound, server: triton({ backend: "onnxruntime", gpu: { kind: "L4", count: 1 } }) },
        { ...host, gpuPools: { pool } },
      );
    expect(deadline({ ...l4, min: 0 })).toBe(600 + 300 + 600);
    expect(deadline({ ...l4, min: 4, max: 4 })).toBe(300 + 600);
  });

  it("gets whole GPUs unless it asks for a slice", () => {
    const pools = { whole: { ...l4, gpu: "A100-80GB" } as GpuPool, slices: a100 };
    expect(fittingPools({ kind: "A100-80GB", count: 1 }, pools).map(([name]) => name)).toEqual(["whole"]);
    expect(fittingPools({ kind: "A100-80GB", count: 1, slice: "1g.10gb" }, pools).map(([name]) => name)).toEqual([
      "slices",
    ]);
    expect(fittingPools({ kind: "A100-80GB", count: 1, slice: "mps" }, pools)).toEqual([]);
  });

  it("shares the node's IPC namespace only where its GPU is shared through it", () => {
    const mps: GpuPool = { ...l4, sharing: { kind: "mps", clients: 4 }, hostIPC: true };
    expect(asking({ kind: "L4", count: 1, slice: "mps" }, { mps, l4 })).toHaveProperty("hostIPC", true);
    expect(asking({ kind: "L4", count: 1 }, { mps, l4 })).not.toHaveProperty("hostIPC");
  });

  it("asks for it in limits only, and tolerates the taints of the pools it may run on", () => {
    const spotTaint = { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" } as const;
    const pools = { l4: { ...l4, gpusPerNode: 2, taints: [gpuTaint, spotTaint] } };
    const pod = asking({ kind: "L4", count: 2 }, pools);
    expect(pod.containers[0].resources.limits["nvidia.com/gpu"]).toBe("2");
    expect(pod.containers[0].resources.requests).not.toHaveProperty("nvidia.com/gpu");
    expect(pod.tolerations).toEqual([
      { key: "nvidia.com/gpu", operator: "Equal", value: "present", effect: "NoSchedule" },
      { key: "kubernetes.azure.com/scalesetpriority", operator: "Equal", value: "spot", effect: "NoSchedule" },
    ]);
    expect(spec(sound).template.spec.tolerations).toBeUndefined();
  });
});

it("serves each version from a repository of its own", () => {
  const args = (model: Model) => spec(model).template.spec.containers[0].args;
  expect(args({ ...sound, version: "2" })).toContain("--model-repository=/models/fraud/2");
  expect(args({ ...sound, repository: { s3: "s3://models/fraud", region: "us-east-1" } })).toContain(
    "--model-repository=s3://models/fraud/1",
  );
});

describe("a model in the cluster's own store", () => {
  const stored: Model = { ...sound, repository: { modelStore: "teams/fraud" } };
  const container = (modelStore: ModelStore, identity?: HostCluster["identity"]) => {
    const pod = spec(stored, { modelStore, ...(identity === undefined ? {} : { identity }) }).template;
    return { ...pod.spec.containers[0], labels: pod.metadata.labels, volumes: pod.spec.volumes };
  };
  const repositoryOf = async (args: readonly unknown[]) => {
    const values = await new Promise<readonly string[]>((resolve) =>
      pulumi.all(args as pulumi.Input<string>[]).apply(resolve),
    );
    return values.find((arg) => arg.startsWith("--model-repository="))?.split("=")[1];
  };

  it.each<[ModelStore, string]>([
    [{ kind: "s3", url: "s3://bucket", region: "eu-west-1" }, "s3://bucket/teams/fraud/1"],
    [
      { kind: "s3", url: "s3://https://minio:9000/bucket", region: "us-east-1" },
      "s3://https://minio:9000/bucket/teams/fraud/1",
    ],
    [{ kind: "gcs", url: "gs://bucket" }, "gs://bucket/teams/fraud/1"],
    [{ kind: "azureBlob", url: "as://account/models" }, "as://account/models/teams/fraud/1"],
    [{ kind: "pvc", claim: "models" }, "/models/teams/fraud/1"],
  ])("%o is read at %s", async (store, url) => {
    expect(await repositoryOf(container(store).args)).toBe(url);
  });

  it("is known to the cloud by the labels its identity asks for", () => {
    const identity = { annotations: {}, podLabels: { "azure.workload.identity/use": "true" } };
    expect(container({ kind: "azureBlob", url: "as://account/models" }, identity).labels).toMatchObject({
      app: "fraud",
      "azure.workload.identity/use": "true",
    });
  });

  it("asks Azure who it is instead of looking for an account key", () => {
    expect(container({ kind: "azureBlob", url: "as://account/models" }).env).toEqual([
      { name: "AZURE_STORAGE_AUTH_TYPE", value: "default" },
    ]);
  });

  it("reads the keys of a store that has them from a file, never from its environment", () => {
    const credentials = pulumi.secret<Record<string, string>>({ credentials: "[default]" });
    const { env, volumes, volumeMounts } = container(
      { kind: "s3", url: "s3://https://minio:9000/models", region: "us-east-1" },
      { annotations: {}, podLabels: {}, credentials },
    );
    expect(env).toEqual([
      { name: "AWS_REGION", value: "us-east-1" },
      { name: "AWS_SHARED_CREDENTIALS_FILE", value: "/var/run/secrets/serin/model-store/credentials" },
      { name: "AWS_EC2_METADATA_DISABLED", value: "true" },
    ]);
    expect(volumes).toContainEqual({
      name: "model-store",
      projected: { sources: [{ secret: { name: "fraud-model-store" } }] },
    });
    expect(volumeMounts).toContainEqual({
      name: "model-store",
      mountPath: "/var/run/secrets/serin/model-store",
      readOnly: true,
    });
  });
});

it("keeps metrics on, logs at INFO and shared memory in memory", () => {
  const pod = spec(sound).template.spec;
  expect(pod.containers[0].args).toEqual(
    expect.arrayContaining(["--allow-metrics=true", "--log-info=true", "--log-verbose=0"]),
  );
  expect(pod.volumes[0]).toEqual({ name: "shm", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } });
});

it("puts the edge of the latency objective among the buckets', and the metrics port beside strict mTLS", () => {
  const { annotations } = spec({ ...sound, slo: { ...sound.slo, p99: "120ms" } }).template.metadata;
  expect(JSON.parse(annotations["sidecar.istio.io/statsHistogramBuckets"] ?? "").istiocustom).toContain(115);
  expect(annotations["traffic.sidecar.istio.io/excludeInboundPorts"]).toBe("8002");
  // Prometheus would read the proxy twice where it also scrapes annotated pods.
  expect(annotations["prometheus.istio.io/merge-metrics"]).toBe("false");
});
