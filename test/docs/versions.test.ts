import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { clouds } from "../../components/cluster/clouds.ts";
import { type ChartPin, charts } from "../../components/core/charts.ts";
import { kubernetesEndOfLife, kubernetesVersions } from "../../components/core/kubernetesVersions.ts";
import { clusterAutoscalerSource, clusterAutoscalers } from "../../components/core/versions/clusterAutoscalers.ts";
import {
  cudaMajors,
  defaultOperatorDriver,
  driverBranch,
  driverBranches,
  operatorDrivers,
} from "../../components/core/versions/drivers.ts";
import { asOf, runsOn } from "../../components/core/versions/releases.ts";
import { tritonContainers } from "../../components/core/versions/tritonContainers.ts";
import { pinnedVersions, systemVersions } from "../../components/platform/systems.ts";
import type { RenderedCharts } from "../charts/tryCharts.ts";

/** The systems of the matrix in the order of the page, one that is new at the end. */
const order = ["istio", "argoRollouts", "gpuOperator", "prometheus", ...Object.keys(systemVersions())];
const matrix = [...new Set(order)].flatMap((key) => systemVersions()[key] ?? []);

/** What `npm run charts` wrote. */
const renderedCharts = JSON.parse(readFileSync("test/charts/rendered.json", "utf8")) as RenderedCharts;

/** The tables of the page, each from the data that plans are checked against. */
const tables: Readonly<Record<string, () => string>> = {
  pinned: () =>
    table(
      ["What", "Version", "Chart"],
      [
        ["Istio", pinnedVersions().istio ?? "", `${charts.istiod.chart} ${charts.istiod.version}`],
        ["Argo Rollouts", pinnedVersions().argoRollouts ?? "", `argo-rollouts ${charts.argoRollouts.version}`],
        ["Prometheus", "", `kube-prometheus-stack ${charts.kubePrometheusStack.version}`],
        ["its definitions", "", `prometheus-operator-crds ${charts.prometheusDefinitions.version}`],
        ["GPU Operator", pinnedVersions().gpuOperator ?? "", `gpu-operator ${charts.gpuOperator.version}`],
        ["its driver", defaultOperatorDriver, ""],
        ["GPU metrics on GKE", "", `dcgm-exporter ${charts.dcgmExporter.version}`],
        ["Autoscaler on EKS", "the cluster's", `cluster-autoscaler ${charts.clusterAutoscaler.version}`],
        ["Metrics server", "", `metrics-server ${charts.metricsServer.version}`],
        ["Load balancers on EKS", "", `aws-load-balancer-controller ${charts.awsLoadBalancerController.version}`],
        ["cert-manager", "", `cert-manager ${charts.certManager.version}`],
        ["EFA adapters on EKS", "", `aws-efa-k8s-device-plugin ${charts.efaDevicePlugin.version}`],
      ],
    ),
  rendered: () =>
    table(
      ["Chart", "Rendered on", "From", "Clusters", "SHA-256 of its objects"],
      Object.entries<ChartPin>(charts).map(([key, { chart, version }]) => {
        const last = renderedCharts[key];
        return last?.version === version
          ? [`${chart} ${version}`, last.on, last.from, `${last.clusters}`, `${last.objects.slice(0, 12)}…`]
          : [`${chart} ${version}`, "not yet", "", "", ""];
      }),
    ),
  kubernetes: () =>
    table(
      ["Release", ...kubernetesVersions, "Range", "Released", "End of life", "Source"],
      [
        ...matrix.flatMap(({ title, releases }) =>
          releases.map((release) => [
            `${title} ${release.version}`,
            ...kubernetesVersions.map((version) => (runsOn(release, version) ? "✔" : "")),
            `${release.kubernetes.min}${release.kubernetes.max === undefined ? " or later" : `–${release.kubernetes.max}`}`,
            release.released ?? "",
            release.endOfLife ?? "",
            release.source,
          ]),
        ),
        [
          "Cluster autoscaler on EKS, chosen",
          ...kubernetesVersions.map((version) => clusterAutoscalers[version]),
          "",
          "",
          "",
          clusterAutoscalerSource,
        ],
        [
          "Kubernetes on AKS, end of life",
          ...kubernetesVersions.map((version) => kubernetesEndOfLife[version]),
          "",
          "",
          "",
          "MicrosoftDocs/azure-aks-docs `supported-kubernetes-versions.md`",
        ],
      ],
    ),
  drivers: () =>
    table(
      ["Where", "Driver", "Branch", "End of the branch", "Runs CUDA", "Source"],
      [
        ...Object.values(clouds).flatMap(({ rules }) =>
          "drivers" in rules
            ? Object.values(rules.drivers).map(({ where, version, source }) => driverRow(where, version, source))
            : [],
        ),
        ...Object.entries(operatorDrivers).flatMap(([operator, versions]) =>
          versions.map((version) =>
            driverRow(
              `GPU Operator ${operator}${version === defaultOperatorDriver ? ", default" : ""}`,
              version,
              "NVIDIA/cloud-native-docs `gpu-operator/life-cycle-policy.rst`",
            ),
          ),
        ),
      ],
    ),
  cuda: () =>
    table(
      ["CUDA", "Driver branch", "Compute capability"],
      Object.entries(cudaMajors).map(([major, { minimumBranch, minimumComputeCapability }]) => [
        `${major}.x`,
        `${minimumBranch} or later`,
        `${minimumComputeCapability.toFixed(1)} or more`,
      ]),
    ),
  triton: () =>
    table(
      ["Triton", "CUDA", "Tested with driver", "CUDA, TensorRT-LLM image", "Tested with driver"],
      [...tritonContainers.vllm].reverse().map(({ container, cuda, driver }) => {
        const trtllm = tritonContainers.trtllm.find((other) => other.container === container);
        return [container, cuda, driver, trtllm?.cuda ?? "", trtllm?.driver ?? ""];
      }),
    ),
};

function driverRow(where: string, version: string, source: string): string[] {
  const branch = driverBranch(version);
  const endOfLife = driverBranches[branch as keyof typeof driverBranches]?.endOfLife ?? "";
  const majors = Object.entries(cudaMajors).filter(([, { minimumBranch }]) => branch >= minimumBranch);
  return [where, version, `${branch}`, endOfLife, majors.map(([major]) => major).join(", "), source];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const path = "docs/versions.md";

/** The page as it is written, with its tables as the data has them; `vitest -u` writes it so. */
it("the page of versions says what plans are checked against", async () => {
  const page = readFileSync(path, "utf8");
  const found = [...page.matchAll(/<!-- table: (\w+) -->/g)].map(([, name]) => name);
  expect(found.sort()).toEqual(Object.keys(tables).sort());
  const current = page.replace(
    /(<!-- table: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => `${start}\n${tables[name]?.()}\n\n${end}`,
  );
  await expect(current).toMatchFileSnapshot(`../../${path}`);
  expect(page).toContain(`read until ${asOf}`);
});
