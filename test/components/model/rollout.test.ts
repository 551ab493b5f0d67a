import fc from "fast-check";
import { expect, it } from "vitest";
import { schemaProblems } from "../../../components/core/customResource.ts";
import { canary, type Model } from "../../../components/model/model.ts";
import { rolloutSpec } from "../../../components/model/rollout.ts";
import { triton } from "../../../components/model/triton.ts";
import { sound } from "./fixtures.ts";

/** A manifest as a person reads it. */
interface Manifest {
  progressDeadlineSeconds: number;
  progressDeadlineAbort: boolean;
  strategy: { canary: { steps: Step[] } };
  template: {
    metadata: { annotations: Record<string, string> };
    spec: {
      containers: [
        {
          args: string[];
          startupProbe: { periodSeconds: number; failureThreshold: number };
          resources: { limits: Record<string, string>; requests: Record<string, string> };
        },
      ];
      tolerations?: unknown;
      volumes: unknown[];
    };
  };
}

interface Step {
  setWeight?: number;
  analysis?: { templates: { templateName: string }[] };
  pause?: { duration: number };
}

const spec = (model: Model) => rolloutSpec("fraud", model, "fraud") as unknown as Manifest;
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
        if (step.analysis !== undefined) decided = true;
      }
      return steps({ ...sound, release: canary({ weights, bake }) }).at(-1)?.setWeight === 100;
    }),
  );
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

it("gives a model that loads slowly the time it asks for, and gives up after twice that", () => {
  const slow = spec({ ...sound, server: triton({ backend: "python", startup: "20m" }) });
  const probe = slow.template.spec.containers[0].startupProbe;
  expect(probe.periodSeconds * probe.failureThreshold).toBe(1_200);
  expect(slow).toMatchObject({ progressDeadlineSeconds: 2_400, progressDeadlineAbort: true });
});

it("asks for GPUs in limits only, and tolerates the one taint of GPU nodes", () => {
  const pod = spec({ ...sound, server: triton({ backend: "onnxruntime", gpu: { kind: "L4", count: 2 } }) }).template
    .spec;
  expect(pod.containers[0].resources.limits["nvidia.com/gpu"]).toBe("2");
  expect(pod.containers[0].resources.requests).not.toHaveProperty("nvidia.com/gpu");
  expect(pod.tolerations).toEqual([
    { key: "nvidia.com/gpu", operator: "Equal", value: "present", effect: "NoSchedule" },
  ]);
  expect(spec(sound).template.spec.tolerations).toBeUndefined();
});

it("serves each version from a repository of its own", () => {
  const args = (model: Model) => spec(model).template.spec.containers[0].args;
  expect(args({ ...sound, version: "2" })).toContain("--model-repository=/models/fraud/2");
  expect(args({ ...sound, repository: { s3: "s3://models/fraud", region: "us-east-1" } })).toContain(
    "--model-repository=s3://models/fraud/1",
  );
});

it("keeps metrics on, logs at INFO and shared memory in memory", () => {
  const pod = spec(sound).template.spec;
  expect(pod.containers[0].args).toEqual(
    expect.arrayContaining(["--allow-metrics=true", "--log-info=true", "--log-verbose=0"]),
  );
  expect(pod.volumes[0]).toEqual({ name: "shm", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } });
});

it("puts the latency objective among the bucket edges, and the metrics port beside strict mTLS", () => {
  const { annotations } = spec({ ...sound, slo: { ...sound.slo, p99: "120ms" } }).template.metadata;
  expect(JSON.parse(annotations["sidecar.istio.io/statsHistogramBuckets"] ?? "").istiocustom).toContain(120);
  expect(annotations["traffic.sidecar.istio.io/excludeInboundPorts"]).toBe("8002");
});
