import type * as pulumi from "@pulumi/pulumi";
import type { GpuPool } from "../cluster/gpuPool.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { defaultOperatorDriver } from "../core/versions/drivers.ts";
import { adopt, type Requirement } from "./adopted.ts";
import { gpuOperatorValues } from "./gpuOperatorValues.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/** Where containerd lives. `containerd` is any in the usual place, and CRI-O, which the operator finds by itself. */
export type ContainerRuntime = "containerd" | "k3s" | "rke2" | "microk8s";

/**
 * NVIDIA's GPU Operator: what makes GPUs of a node something that a pod can ask for, and their metrics something that Prometheus sees.
 * Installed from its chart, or adopted where it runs already; then its owner configures it for the pools. Not for GKE, whose own driver
 * and device plugin would fight it (gpu-operator #1577, #1679).
 */
export type GpuOperatorArgs = {
  readonly cloud: "aws" | "azure" | "onPrem";
  /** As the cluster publishes them. Their nodes carry `deviceLabels`. */
  readonly pools: Readonly<Record<string, Pick<GpuPool, "sharing" | "driver" | "taints">>>;
} & (
  | {
      readonly install: Install & {
        /**
         * A registry with the images under the paths that they have in nvcr.io and registry.k8s.io: `registry.example.com/mirror` has
         * `registry.example.com/mirror/nvidia/driver`. Changing it restarts the operands. @default the public registries
         */
        readonly images?: string;
        /** Changing it restarts the container toolkit. @default "containerd" */
        readonly runtime?: ContainerRuntime;
        /** Through which the driver container fetches kernel headers. @default none */
        readonly proxy?: { readonly httpProxy?: string; readonly httpsProxy?: string; readonly noProxy?: string };
      };
    }
  | { readonly adopt: Record<string, never> }
);

export type GpuOperatorInstallArgs = Extract<GpuOperatorArgs, { install: unknown }>;

const namespace = "gpu-operator";

const requirements: readonly Requirement[] = [
  {
    crd: "clusterpolicies.nvidia.com",
    version: "v1",
    since: "GPU Operator 25.10",
    fields: ["spec.devicePlugin.config.name", "spec.mig.strategy", "spec.cdi.enabled"],
  },
];

export function validateGpuOperator(args: GpuOperatorArgs): Problem[] {
  const wanted = Object.entries(args.pools).flatMap(([pool, { driver }]) =>
    driver.owner === "operator" ? [{ pool, version: driver.version ?? defaultOperatorDriver }] : [],
  );
  const [first] = wanted;
  return wanted
    .filter(({ version }) => version !== first?.version)
    .map(({ pool, version }) => ({
      path: `pools.${pool}.driver.version`,
      reason: `"${version}" is not "${first?.version}" of pools.${first?.pool}, and the operator installs one driver in a cluster.`,
      fix: "Write the same version, or put the pools into two clusters.",
    }));
}

export class GpuOperator extends Component {
  constructor(name: string, args: GpuOperatorArgs, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:GpuOperator", name, { mode, cloud: args.cloud }, opts);
    this.reject(validateGpuOperator(args));

    if ("install" in args) {
      const privileged = systemNamespace(this.childName("namespace"), namespace, podSecurity, { parent: this });
      systemChart(
        this.childName("chart"),
        charts.gpuOperator,
        { release: "gpu-operator", namespace, install: args.install, values: gpuOperatorValues(args) },
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
