import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { azureRules } from "../../../../components/cluster/aks/azureRules.ts";
import { awsRules } from "../../../../components/cluster/eks/awsRules.ts";
import { gcpRules } from "../../../../components/cluster/gke/gcpRules.ts";
import {
  defaultKubernetesVersion,
  kubernetesMinor,
  kubernetesVersions,
} from "../../../../components/core/kubernetesVersions.ts";
import { defaultOperatorDriver, operatorDrivers } from "../../../../components/core/versions/drivers.ts";
import { tritonContainers, tritonRelease } from "../../../../components/core/versions/tritonContainers.ts";
import { triton } from "../../../../components/model/triton.ts";
import { rolloutsValues } from "../../../../components/platform/argoRollouts.ts";
import { pinnedVersions, systemVersions } from "../../../../components/platform/systems.ts";
import {
  changed,
  conflictsOf as conflictsBetween,
  type VersionCombination,
} from "../../../../components/platform/versions/conflicts.ts";
import { versionProblems as problemsOf } from "../../../../components/platform/versions/versionMatrix.ts";

const known = systemVersions();
const versionProblems = (combination: VersionCombination, paths: Record<string, string> = {}) =>
  problemsOf(combination, known, paths);
const conflictsOf = (combination: VersionCombination, kubernetes: readonly string[]) =>
  conflictsBetween(combination, kubernetes, known);

const serving = { container: "26.07", backend: "onnxruntime" };

describe("what is pinned runs together", () => {
  const drivers = {
    EKS: { version: awsRules.drivers.nodeImage.version, owner: "cloud" },
    "AKS, the operator's driver": { version: defaultOperatorDriver, owner: "operator" },
    "AKS, its own driver": { version: azureRules.drivers.cuda.version, owner: "cloud" },
    GKE: { version: gcpRules.drivers.latest.version, owner: "cloud" },
    "on-prem": { version: defaultOperatorDriver, owner: "operator" },
  } as const;
  it.each(Object.entries(drivers))("on %s", (_, driver) => {
    const kubernetes = defaultKubernetesVersion;
    expect(versionProblems({ kubernetes, systems: pinnedVersions(), driver, triton: serving })).toEqual([]);
  });

  it("with the Triton image that models use by default", () => {
    expect(tritonRelease(triton({ backend: "onnxruntime" }).image)).toBe(serving.container);
  });

  it("and the version of Argo Rollouts that the matrix knows is the one installed", () => {
    expect(rolloutsValues({})).toMatchObject({
      controller: { image: { tag: `v${pinnedVersions().argoRollouts}` } },
    });
  });
});

describe("a combination that nobody tested is refused", () => {
  it.each<[string, VersionCombination, { path: string; reason: string; fix?: string }[]]>([
    [
      "Kubernetes newer than Argo Rollouts was tested on",
      { kubernetes: "1.36", systems: { argoRollouts: pinnedVersions().argoRollouts ?? "" } },
      [
        {
          path: "kubernetesVersion",
          reason:
            "Argo Rollouts 1.9.1 is tested on Kubernetes 1.32–1.35, not 1.36 (argoproj/argo-rollouts `.github/workflows/testing.yaml` at the tag).",
          fix: 'Write kubernetesVersion "1.35".',
        },
      ],
    ],
    [
      "Kubernetes newer than Istio supports",
      { kubernetes: "1.36", systems: { istio: "1.29.4" } },
      [
        {
          path: "kubernetesVersion",
          reason:
            "Istio 1.29.4 supports Kubernetes 1.31–1.35, not 1.36 (istio/istio.io `data/compatibility/supportStatus.yml`).",
          fix: 'Write kubernetesVersion "1.35", or pin Istio 1.30.',
        },
      ],
    ],
    [
      "Kubernetes older than the GPU Operator supports, in a vendor's spelling",
      { kubernetes: "v1.32.9+rke2r1", systems: { gpuOperator: "26.7.0" } },
      [
        {
          path: "kubernetesVersion",
          reason:
            "GPU Operator 26.7.0 supports Kubernetes 1.33–1.36, not 1.32 (NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst`).",
          fix: 'Write kubernetesVersion "1.34".',
        },
      ],
    ],
    [
      "a release that the matrix does not know",
      { kubernetes: "1.35", systems: { istio: "1.27.3" } },
      [
        {
          path: "istio",
          reason:
            "Istio 1.27.3 is not in the version matrix (1.28, 1.29, 1.30, 1.31), so nothing is known of it on Kubernetes 1.35.",
          fix: "Pin Istio 1.29.",
        },
      ],
    ],
    [
      "what is not a version",
      { kubernetes: "latest" },
      [
        {
          path: "kubernetesVersion",
          reason: '"latest" is not a Kubernetes version.',
          fix: 'Write a minor version, for example "1.35".',
        },
      ],
    ],
    [
      "a driver that the operator was not released with",
      { systems: { gpuOperator: "26.7.0" }, driver: { version: "580.100.01", owner: "operator" } },
      [
        {
          path: "driver.version",
          reason:
            "GPU Operator 26.7.0 was not released with driver 580.100.01 but with 535.309.01, 580.173.02, 595.91.07, 610.57.04 (NVIDIA/cloud-native-docs `gpu-operator/life-cycle-policy.rst`).",
          fix: 'Write driver { owner: "operator", version: "580.173.02" }.',
        },
      ],
    ],
    [
      "CUDA 13 on a cloud's older driver, which only another image can cure",
      { triton: serving, driver: { version: azureRules.drivers.grid.version, owner: "cloud" } },
      [
        {
          path: "image",
          reason:
            "Triton 26.07 is built on CUDA 13.3.0, which needs a driver of branch 580 or later; the nodes have 570.211.01, which the cloud installs (NVIDIA CUDA toolkit release notes).",
          fix: "Use the image of Triton 25.07.",
        },
      ],
    ],
    [
      "CUDA 13 on an older driver that is installed already, with TensorRT-LLM's own table",
      {
        triton: { container: "26.02", backend: "tensorrtllm" },
        driver: { version: "570.211.01", owner: "preinstalled" },
      },
      [
        {
          path: "driver.version",
          reason:
            "Triton 26.02 is built on CUDA 13.0.2, which needs a driver of branch 580 or later; the nodes have 570.211.01, which is installed already (NVIDIA CUDA toolkit release notes).",
          fix: "Install driver 580.173.02 on the nodes, or use the image of Triton 25.10.",
        },
      ],
    ],
    [
      "CUDA 13 on a GPU that it no longer knows",
      { triton: serving, gpu: { model: "V100-32GB", computeCapability: 7 } },
      [
        {
          path: "image",
          reason:
            "Triton 26.07 is built on CUDA 13.3.0, which needs compute capability 7.5 or more; V100-32GB has 7.0 (NVIDIA CUDA toolkit release notes).",
          fix: "Use the image of Triton 25.07.",
        },
      ],
    ],
    [
      "a Triton release that the matrix does not know, said once",
      {
        triton: { container: "27.01", backend: "vllm" },
        driver: { version: "580.159.03", owner: "cloud" },
        gpu: { model: "L4", computeCapability: 8.9 },
      },
      [
        {
          path: "image",
          reason: "Triton 27.01 is not in the version matrix (25.01 to 26.07), so nothing is known of its CUDA.",
          fix: "Use the image of Triton 26.07.",
        },
      ],
    ],
  ])("%s", (_, combination, problems) => {
    expect(versionProblems(combination)).toEqual(problems);
  });

  it("at the place where the person wrote the version", () => {
    const combination = { kubernetes: "1.36", systems: { argoRollouts: "1.9.1" } };
    expect(versionProblems(combination, { kubernetes: 'clusters["aws-use1"].kubernetesVersion' })).toMatchObject([
      { path: 'clusters["aws-use1"].kubernetesVersion' },
    ]);
  });
});

it("accepts a driver older than the image's, as long as its branch runs the CUDA major version", () => {
  expect(versionProblems({ triton: serving, driver: { version: "580.65.06", owner: "cloud" } })).toEqual([]);
});

it("leaves alone a driver that a cloud or a person installed, whatever the operator offers", () => {
  expect(
    versionProblems({ systems: { gpuOperator: "26.7.0" }, driver: { version: "580.159.03", owner: "cloud" } }),
  ).toEqual([]);
});

describe("the remedy", () => {
  const versions = (system: string) =>
    fc.constantFrom<string[]>(...(known[system]?.releases ?? []).map(({ version }) => version), "0.1");
  const combinations = fc.record(
    {
      kubernetes: fc.constantFrom("1.29", "1.32", "1.33", ...kubernetesVersions, "1.38"),
      systems: fc.record(Object.fromEntries(Object.keys(known).map((system) => [system, versions(system)]))),
      driver: fc.record({
        version: fc.constantFrom(
          "470.82.01",
          ...Object.values(operatorDrivers).flat(),
          ...[awsRules, azureRules, gcpRules].flatMap(({ drivers }) =>
            Object.values(drivers).map(({ version }) => version),
          ),
        ),
        owner: fc.constantFrom("cloud" as const, "operator" as const, "preinstalled" as const),
      }),
      triton: fc.record({
        container: fc.constantFrom(...tritonContainers.vllm.map(({ container }) => container), "24.01"),
        backend: fc.constantFrom("python", "vllm", "tensorrtllm"),
      }),
      gpu: fc.record({ model: fc.constant("T4"), computeCapability: fc.constantFrom(7, 7.5, 9) }),
    },
    { requiredKeys: [] },
  );
  const pairsOf = (combination: VersionCombination) =>
    conflictsOf(combination, kubernetesVersions).map(({ parts }) => parts.join("+"));

  it("puts the pair right, whatever the combination", () => {
    fc.assert(
      fc.property(combinations, (combination) => {
        for (const { parts, changes } of conflictsOf(combination, kubernetesVersions)) {
          for (const change of changes) {
            expect(pairsOf(changed(combination, change))).not.toContain(parts.join("+"));
          }
        }
      }),
    );
  });

  it("is a version that can be chosen: a cluster's, a supported release, or a driver that somebody installs", () => {
    fc.assert(
      fc.property(combinations, (combination) => {
        for (const { part, version } of conflictsOf(combination, kubernetesVersions).flatMap(
          ({ changes }) => changes,
        )) {
          if (part === "kubernetes") expect(kubernetesVersions).toContain(version);
          if (part === "driver") expect(combination.driver?.owner).not.toBe("cloud");
          if (part === "istio") expect(version).not.toBe("1.28");
          expect(part).not.toBe("gpu");
        }
      }),
    );
  });

  it("prefers a version that fits everything else, too", () => {
    // 1.36 is as near to 1.37 as Istio goes, but Argo Rollouts is not tested on it.
    const [conflict] = conflictsOf(
      { kubernetes: "1.37", systems: { istio: "1.30", argoRollouts: "1.9.1" } },
      kubernetesVersions,
    );
    expect(conflict?.changes[0]).toEqual({ part: "kubernetes", version: "1.35" });
  });
});

describe("the minor version is read from any vendor's spelling", () => {
  it.each([
    ["1.35", "1.35"],
    ["v1.35.4", "1.35"],
    ["v1.35.4-gke.1234000", "1.35"],
    ["v1.35.3-eks-3abbec1", "1.35"],
    ["v1.34.9+rke2r1", "1.34"],
    ["v1.33.1+k3s1", "1.33"],
    ["1.35+", "1.35"],
    ["1", undefined],
    ["", undefined],
    ["v2", undefined],
  ])("%j is %j", (version, minor) => {
    expect(kubernetesMinor(version)).toBe(minor);
  });
});
