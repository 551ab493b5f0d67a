import * as pulumi from "@pulumi/pulumi";
import { kubernetesProvider } from "../../components/cluster/gpuCluster.ts";
import { ProblemError } from "../../components/core/problem.ts";
import { ArgoRollouts } from "../../components/platform/argoRollouts.ts";
import { Istio, modelGateway } from "../../components/platform/istio.ts";
import { ModelNamespace, namespaceName } from "../../components/platform/modelNamespace.ts";
import { Prometheus } from "../../components/platform/prometheus.ts";
import { type Contracts, layerReference, type PlatformContract, type Published, readCluster } from "../contracts.ts";
import type { PlatformSpec } from "../environments/environment.ts";
import type { StackOf } from "../stackName.ts";
import { clustersOf } from "./clustersOf.ts";

/** What a release needs on every cluster: mesh, metrics, the Rollouts controller, a namespace for the models. */
export function platformLayer(stack: StackOf): Published<Contracts["platform"]> {
  const clusterLayer = layerReference(stack, "cluster");
  const spec = platformSpec(stack.environment.platform);
  return { clusters: clustersOf(stack, (name) => publish(name, spec, clusterLayer)) };
}

function publish(name: string, spec: PlatformSpec, clusterLayer: pulumi.StackReference): Published<PlatformContract> {
  const cluster = readCluster(clusterLayer, "cluster", name);
  const provider = kubernetesProvider(name, {
    kubeconfig: pulumi.secret(cluster.kubeconfig),
    clusterIdentifier: cluster.clusterIdentifier,
  });
  const opts = { providers: [provider] };

  const prometheus = new Prometheus(`${name}-prometheus`, spec.prometheus, opts);
  const istio = new Istio(`${name}-istio`, spec.istio, opts);
  new ArgoRollouts(`${name}-argo-rollouts`, spec.argoRollouts, opts);
  // Its PeerAuthentication is a custom resource of the mesh.
  const namespace = new ModelNamespace(`${name}-models`, spec.modelNamespace, { ...opts, dependsOn: istio });

  return {
    gateway: modelGateway,
    gatewayAddress: istio.gatewayAddress,
    prometheusAddress: prometheus.address,
    namespace: namespace.namespaceName,
  };
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
