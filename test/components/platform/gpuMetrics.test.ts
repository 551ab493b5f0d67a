import { Provider } from "@pulumi/kubernetes/provider.js";
import { expect, it } from "vitest";
import { GpuMetrics, gpuMetricsValues } from "../../../components/platform/gpuMetrics.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

it("exports the metrics of every GPU node of GKE, and runs nowhere else", () => {
  expect(gpuMetricsValues()).toMatchObject({
    tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "cloud.google.com/gke-accelerator", operator: "Exists" }] }],
        },
      },
    },
    serviceMonitor: { enabled: true },
  });
});

it("takes no GPU from a model: it sees the node's devices and driver", () => {
  const values = gpuMetricsValues();
  expect(values).not.toHaveProperty("resources");
  expect(values).toMatchObject({
    // The API server accepts the first only with the second.
    securityContext: { privileged: true, allowPrivilegeEscalation: true },
    extraHostVolumes: [{ hostPath: "/home/kubernetes/bin/nvidia" }],
  });
});

it("asks for no priority class that GKE keeps for itself", () => {
  expect(gpuMetricsValues()).toMatchObject({ priorityClassName: "" });
});

it("installs the pinned chart", async () => {
  const result = await recorded(() => {
    const provider = new Provider("k8s", { kubeconfig: "{}", clusterIdentifier: "c" });
    new GpuMetrics(
      "c-gpu-metrics",
      { install: { repository: "oci://r.example.com/charts" } },
      { providers: [provider] },
    );
    return {};
  });
  expect(inputsOf(result, "kubernetes:helm.sh/v4:Chart")).toMatchObject({
    chart: "oci://r.example.com/charts/dcgm-exporter",
    version: "4.8.2",
  });
});
