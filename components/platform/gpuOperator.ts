import type * as pulumi from "@pulumi/pulumi";
import type { GpuNodeRules } from "../cluster/cloudRules.ts";
import type { GpuPool } from "../cluster/gpuPool.ts";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { defaultOperatorDriver } from "../core/versions/drivers.ts";
import { adopt, adoptionProblems, type Requirement } from "./adopted.ts";
import { gpuOperatorValues } from "./gpuOperatorValues.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/**
 * NVIDIA's GPU Operator: what makes GPUs of a node something that a pod can ask for, and their metrics something that Prometheus sees.
 * Installed from its chart, or adopted where it runs already; then its owner configures it for the pools. Not for GKE, whose own driver
 * and device plugin would fight it (gpu-operator #1577, #1679).
 */
export type GpuOperatorArgs = {
  /** What the GPU nodes are like where the cluster runs. */
  readonly nodes: GpuNodeRules;
  /**
   * As the cluster publishes them; their nodes carry `deviceLabels`. Another sharing restarts the device plugin, which leaves running
   * pods alone. Another driver version replaces the driver node by node, a quarter of the nodes at most at a time, and evicts the GPU
   * pods of each.
   */
  readonly pools: Readonly<Record<string, Pick<GpuPool, "sharing" | "driver" | "taints">>>;
} & ({ readonly install: Install } | { readonly adopt: Record<string, never> });

const namespace = "gpu-operator";

const requirements: readonly Requirement[] = [
  {
    crd: "clusterpolicies.nvidia.com",
    version: "v1",
    since: "GPU Operator 25.10",
    fields: ["spec.devicePlugin.config.name", "spec.mig.strategy", "spec.cdi.enabled"],
  },
];

export function validateGpuOperator(args: GpuOperatorArgs & AtSite): Problem[] {
  const wanted = Object.entries(args.pools).flatMap(([pool, { driver }]) =>
    driver.owner === "operator" ? [{ pool, version: driver.version ?? defaultOperatorDriver }] : [],
  );
  const [first] = wanted;
  const others = wanted
    .filter(({ version }) => version !== first?.version)
    .map(({ pool, version }) => ({
      path: `gpuPools["${pool}"].driver.version`,
      reason: `"${version}" is not "${first?.version}" of gpuPools["${first?.pool}"], and the operator installs one driver in a cluster.`,
      fix: "Write the same version, or put the pools into two clusters.",
    }));
  return [...others, ...adoptionProblems(args, "install: {}")];
}

export class GpuOperator extends Component {
  constructor(name: string, args: GpuOperatorArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:GpuOperator", name, { mode, cloud: args.nodes.cloud }, opts);
    this.reject(validateGpuOperator(args));

    if ("install" in args) {
      const privileged = systemNamespace(this.childName("namespace"), namespace, podSecurity, { parent: this });
      systemChart(
        this.childName("chart"),
        charts.gpuOperator,
        {
          release: "gpu-operator",
          namespace,
          install: args.install,
          values: gpuOperatorValues(args),
          settings: args.settings,
        },
        { parent: this, dependsOn: privileged },
      );
      this.registerOutputs({ mode });
    } else {
      this.registerOutputs({
        mode,
        adopted: adopt(this.childName("crd"), "GPU Operator", requirements, { parent: this }),
      });
    }
  }
}

/**
 * The operands mount the host and load kernel modules. Written here and not by `psa.enabled`, with which the operator labels its
 * namespace itself: two owners of one field.
 */
const podSecurity = Object.fromEntries(
  ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "privileged"]),
);
