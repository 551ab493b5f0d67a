import * as pulumi from "@pulumi/pulumi";
import { kubernetesProvider } from "../../components/cluster/gpuCluster.ts";
import { ProblemError, unknownChoice } from "../../components/core/problem.ts";
import type { Model } from "../../components/model/model.ts";
import { ModelDeployment } from "../../components/model/modelDeployment.ts";
import { modelGateway } from "../../components/platform/istio.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import { defaultScrapeInterval } from "../../components/platform/prometheus.ts";
import { type Contracts, layerReference, type ModelContract, type Published, readCluster } from "../contracts.ts";
import type { Environment } from "../environments/environment.ts";
import type { StackOf } from "../stackName.ts";
import { clustersOf } from "./clustersOf.ts";

/** The declared models, on every cluster, and nothing else. */
export function modelsLayer(stack: StackOf): Published<Contracts["models"]> {
  const { environment } = stack;
  const references = { cluster: layerReference(stack, "cluster"), platform: layerReference(stack, "platform") };
  const models = chosenVersions(environment);
  return { clusters: clustersOf(stack, (name) => publish(name, environment, models, references)) };
}

function publish(
  clusterName: string,
  environment: Environment,
  models: Environment["models"],
  references: { cluster: pulumi.StackReference; platform: pulumi.StackReference },
): Published<Record<string, ModelContract>> {
  const cluster = readCluster(references.cluster, "cluster", clusterName);
  const platform = readCluster(references.platform, "platform", clusterName);
  const provider = kubernetesProvider(clusterName, {
    kubeconfig: pulumi.secret(cluster.kubeconfig),
    clusterIdentifier: cluster.clusterIdentifier,
  });
  const { modelNamespace, prometheus } = environment.platform;
  const deploy = (name: string, model: Model): Published<ModelContract> => {
    const deployment = new ModelDeployment(
      `${clusterName}-${name}`,
      {
        name,
        model,
        namespace: namespaceName(modelNamespace),
        domain: environment.domain,
        gateway: modelGateway,
        gatewayAddress: platform.gatewayAddress,
        prometheusAddress: platform.prometheusAddress,
        scrapeInterval: prometheus.scrapeInterval ?? defaultScrapeInterval,
      },
      { providers: [provider] },
    );
    return { url: deployment.url, host: deployment.host, version: model.version };
  };
  return Object.fromEntries(Object.entries(models).map(([name, model]) => [name, deploy(name, model)]));
}

/**
 * The declared versions, or those that configuration puts in their place (`serin:versions: {"fraud": "2"}`): for a rehearsal, or to go
 * back faster than a pull request. What code declares is what remains once the configuration is removed.
 */
function chosenVersions({ models }: Environment): Environment["models"] {
  const versions = new pulumi.Config().getObject<Record<string, string>>("versions") ?? {};
  const unknown = Object.keys(versions).filter((name) => !(name in models));
  if (unknown.length > 0) {
    throw new ProblemError(
      "Configuration is wrong",
      unknown.map((name) => unknownChoice("serin:versions", name, Object.keys(models))),
    );
  }
  return Object.fromEntries(
    Object.entries(models).map(([name, model]) => [name, { ...model, version: versions[name] ?? model.version }]),
  );
}
