import * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { ProblemError, rejectProblems, unknownChoice } from "../../components/core/problem.ts";
import type { HostCluster } from "../../components/model/hostCluster.ts";
import { type Model, withVersion } from "../../components/model/model.ts";
import { ModelDeployment } from "../../components/model/modelDeployment.ts";
import { gatewayProxies, gatewayScheme, modelGateway } from "../../components/platform/istio.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import { defaultScrapeInterval } from "../../components/platform/prometheus.ts";
import {
  type Contracts,
  layerReference,
  type ModelContract,
  type Published,
  readCluster,
  readSecret,
} from "../contracts.ts";
import { atSite } from "../environments/clusterSpec.ts";
import type { Environment } from "../environments/environment.ts";
import { modelOnCluster } from "../environments/releaseSite.ts";
import type { StackOf } from "../stackName.ts";
import { providerOf } from "./access.ts";
import { clustersOf } from "./clustersOf.ts";

/** The declared models, on every cluster, and nothing else. */
export function modelsLayer(stack: StackOf): Published<Contracts["models"]> {
  const { environment } = stack;
  const references = { cluster: layerReference(stack, "cluster"), platform: layerReference(stack, "platform") };
  const models = chosenVersions(environment);
  return { clusters: clustersOf(stack, (name, spec) => publish(name, spec, environment, models, references)) };
}

function publish(
  clusterName: string,
  spec: ClusterSpec,
  environment: Environment,
  models: Environment["models"],
  references: { cluster: pulumi.StackReference; platform: pulumi.StackReference },
): Published<Record<string, ModelContract>> {
  const platform = readCluster(references.platform, "platform", clusterName);
  const provider = providerOf(clusterName, spec, references.cluster);
  const host = hostOf(clusterName, spec, references.cluster);
  const { istio, modelNamespace, prometheus } = environment.platform;
  const deploy = (name: string, declared: Model): Published<ModelContract> => {
    const model = modelOnCluster(declared, environment);
    const deployment = new ModelDeployment(
      `${clusterName}-${name}`,
      {
        name,
        model,
        host: host(name, model),
        namespace: namespaceName(modelNamespace),
        domain: environment.domain,
        gateway: modelGateway,
        gatewayAddress: platform("gatewayAddress"),
        gatewayScheme: gatewayScheme(istio),
        gatewayProxies: gatewayProxies(istio),
        prometheusAddress: platform("prometheusAddress"),
        scrapeInterval: prometheus.scrapeInterval ?? defaultScrapeInterval,
      },
      { providers: [provider] },
    );
    return { url: deployment.url, host: deployment.host, version: model.version };
  };
  return Object.fromEntries(Object.entries(models).map(([name, model]) => [name, deploy(name, model)]));
}

/**
 * What each model is told of one cluster. What is declared is read from the declaration, so that a preview knows it;
 * the rest from what the cluster layer published.
 */
function hostOf(
  clusterName: string,
  spec: ClusterSpec,
  clusterLayer: pulumi.StackReference,
): (name: string, model: Model) => HostCluster {
  const cluster = readCluster(clusterLayer, "cluster", clusterName);
  const cloud = cloudOf(spec);
  const gpuPools = cloud.gpuPools(spec);
  const modelStore = cloud.modelStore(
    spec,
    cluster("modelStore").apply(({ location }) => location),
  );
  const { annotations, podLabels, storeCredentials } = cloud.identityMarks;
  const identities = cluster("identities");
  const { settings, ...zones } = atSite(spec);
  const registryMirror = settings?.registryMirror;
  const mirror = registryMirror === undefined ? {} : { registryMirror };
  return (name, { repository }) => {
    if (!("modelStore" in repository) || modelStore.kind === "pvc")
      return { gpuPools, modelStore, ...zones, ...mirror };
    return {
      gpuPools,
      modelStore,
      ...zones,
      ...mirror,
      identity: {
        annotations: Object.fromEntries(
          annotations.map((key) => [
            key,
            identities.apply((known) => {
              const identity = Object.hasOwn(known, name) ? known[name] : undefined;
              return identity?.annotations[key] ?? withoutIdentity(name, clusterName);
            }),
          ]),
        ),
        podLabels,
        ...(storeCredentials ? { credentials: readSecret(clusterLayer, "storeCredentials", clusterName) } : {}),
      },
    };
  };
}

function withoutIdentity(model: string, cluster: string): never {
  throw new ProblemError(`Model "${model}" cannot be deployed`, [
    {
      path: `models.${model}`,
      reason: `cluster "${cluster}" has granted it no identity: it was declared after the cluster layer was last brought up.`,
      fix: "Bring the cluster layer up first.",
    },
  ]);
}

/**
 * The declared versions, or those that configuration puts in their place (`serin:versions: {"fraud": "2"}`): for a
 * rehearsal, or to go back faster than a pull request. What code declares is what remains once the configuration is
 * removed.
 */
function chosenVersions({ models }: Environment): Environment["models"] {
  const versions = new Map(Object.entries(new pulumi.Config().getObject<Record<string, unknown>>("versions") ?? {}));
  rejectProblems("Configuration is wrong", [
    ...[...versions.keys()]
      .filter((name) => !Object.hasOwn(models, name))
      .map((name) => unknownChoice("serin:versions", name, Object.keys(models))),
    ...[...versions]
      .filter(([, version]) => typeof version !== "string" && !Number.isInteger(version))
      .map(([name, version]) => ({
        path: `serin:versions.${name}`,
        reason: `${JSON.stringify(version)} is not a version.`,
      })),
  ]);
  return Object.fromEntries(
    // `pulumi config set --path versions.fraud 2` writes a number.
    Object.entries(models).map(([name, model]) => [
      name,
      withVersion(model, String(versions.get(name) ?? model.version)),
    ]),
  );
}
