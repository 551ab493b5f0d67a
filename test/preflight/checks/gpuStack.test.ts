import { describe, expect, it } from "vitest";
import { facts, needs, nodesOf, pool, verdict } from "../cluster.ts";

const byClass = { "serin.dev/gpu-class": "L4" };
const one = (labels: Record<string, string> = {}) =>
  facts({ nodes: nodesOf("k3s").map((node) => ({ ...node, labels: { ...node.labels, ...byClass, ...labels } })) });
const l4 = (changes = {}, more = {}) => needs({ gpuPools: { l4: pool(changes) }, ...more });
const preinstalled = { driver: { owner: "preinstalled", version: "580.173.02" } } as const;

describe("the driver", () => {
  it("is the one that is declared to be installed", () => {
    expect(verdict("driver", one(), l4(preinstalled))).toEqual({
      status: "passed",
      found: "580.173.02",
      needed: "R580 or later, from the node image",
    });
    expect(verdict("driver", one({ "nvidia.com/cuda.driver-version.full": "590.48.01" }), l4(preinstalled))).toEqual({
      status: "failed",
      found: "shop-17 has 590.48.01, and pool l4 declares 580.173.02",
      needed: "R580 or later, from the node image",
      fix: "Declare the version that nvidia-smi prints on the nodes.",
    });
  });

  it("is not there where the device plugin offers nothing", () => {
    expect(verdict("driver", facts({ nodes: nodesOf("no-driver") }), l4(preinstalled))).toEqual({
      status: "failed",
      found: "no driver on lab-1: the device plugin runs and offers no GPU",
      needed: "R580 or later, from the node image",
      fix: 'Install the driver on the nodes, or declare driver: { owner: "operator" }.',
    });
  });

  it("is unknown before feature discovery, and that is not a pass for one that is said to be installed", () => {
    expect(verdict("driver", facts({ nodes: nodesOf("mixed-os") }), l4(preinstalled))).toEqual({
      status: "warning",
      found: "no node tells its version before feature discovery runs",
      needed: "R580 or later, from the node image",
      fix: "Look at it with nvidia-smi on a node.",
    });
  });

  it("of a node is left alone by the operator that should bring it", () => {
    expect(verdict("driver", one({ "nvidia.com/gpu.deploy.driver": "pre-installed" }), l4())).toEqual({
      status: "failed",
      found: "a driver is installed on shop-17, which the GPU operator leaves alone",
      needed: "R580 or later, from the GPU operator",
      fix: 'Declare driver: { owner: "preinstalled", version }, or remove the driver from the nodes.',
    });
  });

  it("is new enough for Triton", () => {
    const old = one({ "nvidia.com/cuda.driver-version.full": "570.211.01" });
    expect(verdict("driver", old, l4({ driver: { owner: "cloud" } }))).toEqual({
      status: "failed",
      found: "shop-17: 570.211.01",
      needed: "R580 or later, from the cloud",
      fix: "Triton's CUDA 13 needs branch R580: upgrade the driver of these nodes.",
    });
  });
});

describe("GPU sharing", () => {
  const mig = (profile: "1g.10gb" | "1g.5gb", gpu: "A100-80GB" | "L4" = "A100-80GB") =>
    needs({
      gpuPools: {
        a100: pool({
          gpu,
          sharing: { kind: "mig", profile },
          nodeSelector: { "kubernetes.azure.com/agentpool": "a100m4x2" },
        }),
      },
    });
  const aks = (labels: Record<string, string> = {}) =>
    facts({ nodes: nodesOf("aks").map((node) => ({ ...node, labels: { ...node.labels, ...labels } })) });

  it("by MIG needs a profile of that GPU", () => {
    expect(verdict("sharing", aks(), mig("1g.10gb"))).toEqual({
      status: "passed",
      found: "possible",
      needed: "a100: MIG 1g.10gb",
    });
    expect(verdict("sharing", aks(), mig("1g.5gb"))).toEqual({
      status: "failed",
      found: "a100: A100-80GB has the profiles 1g.10gb, 1g.20gb, 2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb",
      needed: "a100: MIG 1g.5gb",
      fix: "Declare a profile of that GPU, or another kind of sharing.",
    });
    expect(verdict("sharing", aks(), mig("1g.10gb", "L4")).found).toBe("a100: L4 has no MIG");
  });

  it("by MIG needs GPUs that can, and a manager that could", () => {
    expect(verdict("sharing", aks({ "nvidia.com/mig.capable": "false" }), mig("1g.10gb"))).toEqual({
      status: "failed",
      found: "no MIG on aks-a100m4x2-12345678-vmss000000",
      needed: "a100: MIG 1g.10gb",
      fix: "Declare timeSlicing or mps, or take GPUs with MIG (A100, H100 and later).",
    });
    expect(verdict("sharing", aks({ "nvidia.com/mig.config.state": "failed" }), mig("1g.10gb"))).toEqual({
      status: "failed",
      found: "the MIG manager failed on aks-a100m4x2-12345678-vmss000000",
      needed: "a100: MIG 1g.10gb",
      fix: "Look at its log: kubectl logs -n gpu-operator -l app=nvidia-mig-manager. Pods that use a GPU keep it from being cut.",
    });
  });

  it("that somebody else set up otherwise stays so, and what we install changes it", () => {
    const shared = one({ "nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.sharing-strategy": "mps" });
    expect(verdict("sharing", shared, l4())).toEqual({
      status: "failed",
      found: "shop-17 has MPS, and pool l4 declares whole GPUs",
      needed: "l4: whole GPUs",
      fix: "Declare the pool as it is shared, or have whoever runs the GPU operator change it.",
    });
    const ours = { systems: { ...needs().systems, gpuOperator: "install" } };
    expect(verdict("sharing", shared, l4({}, ours)).status).toBe("notApplicable");
  });

  it("that is about to be applied does not hide the nodes from their pool", () => {
    const sliced = pool({
      sharing: { kind: "timeSlicing", replicas: 4 },
      nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.sharing-strategy": "time-slicing" },
    });
    const needed = needs({ gpuPools: { l4: sliced }, systems: { ...needs().systems, gpuOperator: "install" } });
    expect(verdict("pools", facts({ nodes: nodesOf("k3s") }), needed).status).toBe("passed");
  });
});

describe("node labels", () => {
  const deviceLabels = { l4: { "nvidia.com/device-plugin.config": "time-slicing-4" } };

  it("tell the operator how to share", () => {
    expect(verdict("deviceLabels", one(), l4({}, { deviceLabels }))).toEqual({
      status: "failed",
      found: "shop-17 lacks nvidia.com/device-plugin.config=time-slicing-4",
      needed: "nvidia.com/device-plugin.config=time-slicing-4",
      fix: "kubectl label node shop-17 nvidia.com/device-plugin.config=time-slicing-4 --overwrite",
    });
    expect(verdict("deviceLabels", one(deviceLabels.l4), l4({}, { deviceLabels }))).toEqual({
      status: "passed",
      found: "all there",
      needed: "nvidia.com/device-plugin.config=time-slicing-4",
    });
  });

  it("are as good where the operator found the driver itself", () => {
    const wanted = { deviceLabels: { l4: { "nvidia.com/gpu.deploy.driver": "false" } } };
    const found = one({ "nvidia.com/gpu.deploy.driver": "pre-installed" });
    expect(verdict("deviceLabels", found, l4({}, wanted)).status).toBe("passed");
  });
});
