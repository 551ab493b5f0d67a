import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import type * as pulumi from "@pulumi/pulumi";
import type { GpuPool } from "../cluster/gpuPool.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { defaultOperatorDriver } from "../core/versions/drivers.ts";
import { adopt, adoptionProblems, type Requirement } from "./adopted.ts";
import { gpuOperatorValues, type OperatorCluster } from "./gpuOperatorValues.ts";
import { driverPackageMaps } from "./operatorMaps.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/**
 * NVIDIA's GPU Operator. With it, pods can ask for the GPUs of a node, and Prometheus gets their metrics. It is
 * installed from its chart, or adopted where it runs already; then its owner configures it for the pools. Not for GKE,
 * whose own driver and device plugin conflict with it (gpu-operator #1577, #1679).
 */
export type GpuOperatorArgs = OperatorCluster & GpuOperatorChoice;

/** How an environment declares the operator: installed, or adopted where it runs already. */
export type GpuOperatorChoice = { readonly install: Install } | { readonly adopt: Record<string, never> };

/**
 * The operands mount host paths and load kernel modules. The level is written here and not by `psa.enabled`: then the
 * operator would label its namespace itself, and one field had two owners.
 */
const namespace = { name: "gpu-operator", podSecurity: "privileged" } as const;

const requirements: readonly Requirement[] = [
  {
    crd: "clusterpolicies.nvidia.com",
    version: "v1",
    since: "GPU Operator 25.10",
    fields: ["spec.devicePlugin.config.name", "spec.mig.strategy", "spec.cdi.enabled"],
  },
];

/** Everything wrong with the arguments. Pools that want two driver versions are refused: the operator installs one. */
export function validateGpuOperator(args: GpuOperatorArgs & AtSite): Problem[] {
  return [...operatorDriverProblems(args.pools), ...adoptionProblems(args, "install: {}")];
}

/** Pools of one cluster that want another driver of the operator than the first, by the path below the cluster. */
export function operatorDriverProblems(pools: Readonly<Record<string, Pick<GpuPool, "driver">>>): Problem[] {
  const wanted = Object.entries(pools).flatMap(([pool, { driver }]) =>
    driver.owner === "operator" ? [{ pool, version: driver.version ?? defaultOperatorDriver }] : [],
  );
  const [first] = wanted;
  return wanted
    .filter(({ version }) => version !== first?.version)
    .map(({ pool, version }) => ({
      path: `gpuPools["${pool}"].driver.version`,
      reason: `"${version}" is not "${first?.version}" of gpuPools["${first?.pool}"], and the operator installs one driver in a cluster.`,
      fix: "Write the same version, or put the pools into two clusters.",
    }));
}

/**
 * The GPU Operator on one cluster. Installed: its chart, in a namespace that allows privileged pods. Adopted: its
 * definition is read, and the update fails where it lacks what the pools need.
 */
export class GpuOperator extends Component {
  constructor(name: string, args: GpuOperatorArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:GpuOperator", name, { mode, cloud: args.nodes.cloud }, opts);
    this.reject(validateGpuOperator(args));

    if ("install" in args) {
      const made = systemNamespace(this.childName("namespace"), namespace, {}, { parent: this });
      systemChart(
        this.childName("chart"),
        charts.gpuOperator,
        {
          release: "gpu-operator",
          namespace: namespace.name,
          install: args.install,
          values: gpuOperatorValues(args),
          settings: args.settings,
        },
        { parent: this, dependsOn: [made, ...this.#packages(args, made)] },
      );
      this.registerOutputs({ mode });
    } else {
      this.registerOutputs({
        mode,
        adopted: adopt(this.childName("crd"), "GPU Operator", requirements, { parent: this }),
      });
    }
  }

  /** What the driver container downloads from, where it builds a driver at a site that says so. */
  #packages({ pools, settings = {} }: GpuOperatorArgs & AtSite, namespaceMade: pulumi.Resource): ConfigMap[] {
    if (!Object.values(pools).some(({ driver }) => driver.owner === "operator")) return [];
    return Object.entries(driverPackageMaps(settings)).map(
      ([kind, { name, data }]) =>
        new ConfigMap(
          this.childName(`driver-${kind}`),
          { metadata: { name, namespace: namespace.name }, data },
          { parent: this, dependsOn: namespaceMade },
        ),
    );
  }
}

/**
 * NVIDIA's GPU Operator on clusters with GPU pools: installed, or adopted where it runs already. GKE has its own driver
 * and device plugin. @default `{ install: {} }`: GPU pools are of no use without it
 */
export const gpuOperator = {
  title: "GPU Operator",
  componentName: "gpu-operator",
  declared: "optional",
  fallback: { install: {} },
  // Its ServiceMonitors need Prometheus' definitions.
  after: ["prometheus"],
  namespaces: [namespace],
  requirements,
  // Two installations of node feature discovery remove each other's labels.
  exclusive: ["clusterpolicies.nvidia.com", "nodefeatures.nfd.k8s-sigs.io"],
  // NVIDIA/cloud-native-docs `openshift/`: the driver needs OpenShift's own toolkit, and pods its security contexts.
  onOpenShift: "the GPU Operator from OperatorHub",
  webhookPorts: [],
  asks: {},
  upgrade: {
    to: charts.gpuOperator.version,
    deployment: { namespace: namespace.name, name: "gpu-operator" },
    // Year and month of each major release. A new pin of another one is a new entry.
    lines: ["24.9", "25.3", "25.10", "26.3", "26.7"],
    twoAtOnce: "unsupported",
    source: 'NVIDIA GPU Operator documentation, "Platform Support", life cycle',
  },
  versions: {
    title: "GPU Operator",
    verb: "supports",
    installed: charts.gpuOperator.version.replace(/^v/, ""),
    releases: [
      {
        version: "26.7",
        kubernetes: { min: "1.33", max: "1.36" },
        released: "2026-08",
        source: "NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst`",
      },
    ],
  },
  runsOn: ({ gpuPools }) => Object.keys(gpuPools).length > 0,
  problems: (args) => adoptionProblems(args, "install: {}"),
  installed: (_declared: GpuOperatorChoice): GpuOperatorChoice => ({ install: {} }),
  build: (name, args, { cloud, gpuPools }, opts) => ({
    resource: new GpuOperator(name, { ...args, nodes: cloud.rules, pools: gpuPools }, opts),
    published: {},
  }),
} as const satisfies PlatformSystem<GpuOperatorChoice>;
