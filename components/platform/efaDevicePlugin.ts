import type * as pulumi from "@pulumi/pulumi";
import { efaLabel } from "../cluster/eks/eksPools.ts";
import { gpuTaint } from "../cluster/gpuPool.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import { mirroredPath } from "../core/registryMirror.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart } from "./systemChart.ts";

/**
 * AWS' device plugin for Elastic Fabric Adapters. With it, pods can ask for the adapters of a `compact` pool as the
 * resource `vpc.amazonaws.com/efa`.
 */
export interface EfaDevicePluginArgs {
  /** Options that every installed system has; `{}` for the defaults. */
  readonly install: Install;
}

/** The registry that the chart names: aws/eks-charts `stable/aws-efa-k8s-device-plugin/values.yaml`. */
const awsImages = "602401143452.dkr.ecr.us-west-2.amazonaws.com";

/** It exists on every cluster, so none is made. */
const namespace = "kube-system";

/** The EFA device plugin of one EKS cluster: its chart, in `kube-system`. */
export class EfaDevicePlugin extends Component {
  constructor(name: string, args: EfaDevicePluginArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    super("platform:EfaDevicePlugin", name, {}, opts);
    systemChart(
      this.childName("chart"),
      charts.efaDevicePlugin,
      {
        release: "aws-efa-k8s-device-plugin",
        namespace,
        install: args.install,
        settings: args.settings,
        values: efaDevicePluginValues(args),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** The chart's values: the plugin runs on the nodes of `compact` pools, and tolerates the taint of GPU nodes. */
export function efaDevicePluginValues({ settings }: AtSite = {}): Record<string, unknown> {
  const repository = mirroredPath(settings?.registryMirror, awsImages, "eks/aws-efa-k8s-device-plugin");
  return {
    ...(repository === undefined ? {} : { image: { repository } }),
    // In place of the chart's list of machines: the plugin crashes on a machine that was launched without adapters
    // (aws/eks-charts #1239), and never starts on one that the list does not have yet (#1348).
    supportedInstanceLabels: { keys: [efaLabel], values: ["true"] },
    tolerations: [{ key: gpuTaint.key, operator: "Exists", effect: gpuTaint.effect }],
  };
}

/** The EFA device plugin. It runs where a cloud lists it in `needs`: on EKS clusters with EFA adapters. */
export const efaDevicePlugin = {
  title: "EFA device plugin",
  componentName: "efa-device-plugin",
  declared: "derived",
  fallback: { install: {} },
  onlyWhereNeeded: true,
  after: ["prometheus"],
  namespaces: [],
  requirements: [],
  webhookPorts: [],
  asks: {},
  runsOn: () => true,
  problems: () => [],
  installed: (args) => args,
  build: (name, args, _cluster, opts) => ({ resource: new EfaDevicePlugin(name, args, opts), published: {} }),
} as const satisfies PlatformSystem<EfaDevicePluginArgs>;
