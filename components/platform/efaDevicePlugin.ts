import type * as pulumi from "@pulumi/pulumi";
import { efaLabel } from "../cluster/eks/eksPools.ts";
import { gpuTaint } from "../cluster/gpuPool.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart } from "./systemChart.ts";

/**
 * AWS' device plugin for Elastic Fabric Adapters: what makes the adapters of a `compact` pool something that a pod can
 * ask for, in `vpc.amazonaws.com/efa`.
 */
export interface EfaDevicePluginArgs {
  readonly install: Install;
}

/** Every EKS cluster has it. */
const namespace = "kube-system";

export class EfaDevicePlugin extends Component {
  constructor(name: string, args: EfaDevicePluginArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:EfaDevicePlugin", name, {}, opts);
    systemChart(
      this.childName("chart"),
      charts.efaDevicePlugin,
      { release: "aws-efa-k8s-device-plugin", namespace, install: args.install, values: efaDevicePluginValues() },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

export function efaDevicePluginValues(): Record<string, unknown> {
  return {
    // Instead of the chart's list of machines: on one that was launched without adapters the plugin crashes
    // (aws/eks-charts #1239), and on one that is not in the list yet it never starts (#1348).
    supportedInstanceLabels: { keys: [efaLabel], values: ["true"] },
    tolerations: [{ key: gpuTaint.key, operator: "Exists", effect: gpuTaint.effect }],
  };
}

/** The EFA device plugin, as the platform sees it. */
export const efaDevicePlugin = {
  title: "EFA device plugin",
  componentName: "efa-device-plugin",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  after: ["prometheus"],
  namespaces: [{ name: namespace }],
  requirements: [],
  webhookPorts: [],
  asks: {},
  runsOn: () => true,
  problems: () => [],
  installed: (args) => args,
  build: (name, { install }, _cluster, opts) => ({
    resource: new EfaDevicePlugin(name, { install }, opts),
    published: {},
  }),
} as const satisfies PlatformSystem<EfaDevicePluginArgs>;
