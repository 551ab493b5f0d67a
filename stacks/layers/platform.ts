import * as pulumi from "@pulumi/pulumi";
import { nameInCloud } from "../../components/cluster/cloudAdapter.ts";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { ProblemError } from "../../components/core/problem.ts";
import { ArgoRollouts } from "../../components/platform/argoRollouts.ts";
import { ClusterAutoscaler } from "../../components/platform/clusterAutoscaler.ts";
import { EbsStorageClass } from "../../components/platform/ebsStorageClass.ts";
import { EfaDevicePlugin } from "../../components/platform/efaDevicePlugin.ts";
import { GpuMetrics } from "../../components/platform/gpuMetrics.ts";
import { GpuOperator } from "../../components/platform/gpuOperator.ts";
import { Istio, modelGateway } from "../../components/platform/istio.ts";
import { ModelNamespace, namespaceName } from "../../components/platform/modelNamespace.ts";
import { Prometheus } from "../../components/platform/prometheus.ts";
import { type Contracts, layerReference, type PlatformContract, type Published } from "../contracts.ts";
import { atSite } from "../environments/clusterSpec.ts";
import type { PlatformSpec } from "../environments/environment.ts";
import type { StackOf } from "../stackName.ts";
import { providerOf } from "./access.ts";
import { clustersOf } from "./clustersOf.ts";

/** What a release needs on every cluster: mesh, metrics, GPUs that pods can ask for, the Rollouts controller, a namespace for the models. */
export function platformLayer(stack: StackOf): Published<Contracts["platform"]> {
  const clusterLayer = layerReference(stack, "cluster");
  const platform = platformSpec(stack.environment.platform);
  const environment = stack.environment.name;
  return { clusters: clustersOf(stack, (name, spec) => publish(name, spec, { environment, platform, clusterLayer })) };
}

/** What is the same for every cluster of a stack. */
interface Surroundings {
  readonly environment: string;
  readonly platform: PlatformSpec;
  readonly clusterLayer: pulumi.StackReference;
}

function publish(
  name: string,
  spec: ClusterSpec,
  { environment, platform, clusterLayer }: Surroundings,
): Published<PlatformContract> {
  const provider = providerOf(name, spec, clusterLayer);
  const opts = { providers: [provider] };
  const site = atSite(spec);

  const cloud = cloudOf(spec);
  const needed = cloud.needs(spec);
  const volumes = needed.includes("ebsStorageClass") ? [new EbsStorageClass(`${name}-storage`, opts)] : [];
  const prometheus = new Prometheus(
    `${name}-prometheus`,
    { ...platform.prometheus, ...site },
    { ...opts, dependsOn: volumes },
  );
  gpus(name, spec, platform, { ...opts, dependsOn: prometheus });
  if (needed.includes("clusterAutoscaler"))
    nodeGroups(name, spec, { environment, platform }, { ...opts, dependsOn: prometheus });
  const istio = new Istio(`${name}-istio`, { ...platform.istio, ...site }, opts);
  new ArgoRollouts(`${name}-argo-rollouts`, { ...platform.argoRollouts, ...site }, opts);
  // Its PeerAuthentication is a custom resource of the mesh.
  const namespace = new ModelNamespace(
    `${name}-models`,
    { ...platform.modelNamespace, ...site },
    { ...opts, dependsOn: istio },
  );

  return {
    gateway: modelGateway,
    gatewayAddress: istio.gatewayAddress,
    prometheusAddress: prometheus.address,
    namespace: namespace.namespaceName,
  };
}

/** Their metrics need Prometheus' own resources first. */
function gpus(
  name: string,
  spec: ClusterSpec,
  { gpuOperator = { install: {} } }: PlatformSpec,
  opts: pulumi.ComponentResourceOptions,
): void {
  const cloud = cloudOf(spec);
  const pools = cloud.gpuPools(spec);
  if (Object.keys(pools).length === 0) return;
  if (!cloud.brings.includes("gpuOperator")) {
    new GpuOperator(`${name}-gpu-operator`, { ...gpuOperator, nodes: cloud.rules, pools, ...atSite(spec) }, opts);
  } else if ("install" in gpuOperator && cloud.needs(spec).includes("gpuMetrics")) {
    new GpuMetrics(`${name}-gpu-metrics`, gpuOperator, opts);
  }
}

/** What scales and connects the nodes, which AKS and GKE bring and EKS does not. AWS knows the cluster by the environment's name and its key. */
function nodeGroups(
  name: string,
  spec: ClusterSpec,
  { environment, platform }: Pick<Surroundings, "environment" | "platform">,
  opts: pulumi.ComponentResourceOptions,
): void {
  const cluster = nameInCloud(environment, name);
  const cloud = cloudOf(spec);
  const region = cloud.region(spec);
  const kubernetesVersion = cloud.kubernetesVersion(spec);
  if (region === undefined || kubernetesVersion === undefined) return;
  const scraped = "install" in platform.prometheus;
  new ClusterAutoscaler(
    `${name}-cluster-autoscaler`,
    { cluster, region, kubernetesVersion, scraped, install: {} },
    opts,
  );
  if (cloud.needs(spec).includes("efaDevicePlugin"))
    new EfaDevicePlugin(`${name}-efa-device-plugin`, { install: {} }, opts);
}

/**
 * What the environment declares, unless configuration says `serin:platform: install`: then every system is installed and the namespace
 * created, which is what `local` needs on a cluster that nobody prepared.
 */
function platformSpec(declared: PlatformSpec): PlatformSpec {
  const override = new pulumi.Config().get("platform");
  if (override === undefined) return declared;
  if (override !== "install") {
    throw new ProblemError("Configuration is wrong", [
      {
        path: "serin:platform",
        reason: `"${override}" is not "install".`,
        fix: "Remove it to use what the environment declares.",
      },
    ]);
  }
  const { scrapeInterval } = declared.prometheus;
  return {
    istio: { install: {} },
    prometheus: { install: {}, ...(scrapeInterval === undefined ? {} : { scrapeInterval }) },
    argoRollouts: { install: {} },
    modelNamespace: { create: namespaceName(declared.modelNamespace) },
  };
}
