import type { OnPremGpuPool } from "../../components/cluster/onPremCluster.ts";
import { dnsLabelProblems } from "../../components/core/names.ts";
import { type Problem, under } from "../../components/core/problem.ts";
import { type Cron, cronProblems } from "../../components/core/quantity.ts";
import { type Model, validateModel } from "../../components/model/model.ts";
import type { ArgoRolloutsArgs } from "../../components/platform/argoRollouts.ts";
import type { IstioArgs } from "../../components/platform/istio.ts";
import { type ModelNamespaceArgs, validateModelNamespace } from "../../components/platform/modelNamespace.ts";
import { type PrometheusArgs, validatePrometheus } from "../../components/platform/prometheus.ts";

/** A cluster that exists and is adopted by its kubeconfig. */
export interface OnPremClusterSpec {
  readonly cloud: "onPrem";
  /** The name of the configuration secret that holds the kubeconfig: `pulumi config set --secret <name>`. */
  readonly kubeconfig: { readonly secret: string };
  /** What placement selects by. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The GPU nodes there are, by pool. @default none */
  readonly gpuPools?: Readonly<Record<string, OnPremGpuPool>>;
}

export type ClusterSpec = OnPremClusterSpec;

/** What every cluster of an environment runs. */
export interface PlatformSpec {
  readonly istio: IstioArgs;
  readonly prometheus: PrometheusArgs;
  readonly argoRollouts: ArgoRolloutsArgs;
  readonly modelNamespace: ModelNamespaceArgs;
}

/** How model stores of several clusters follow each other: at once, or on a schedule in UTC. */
export type DataSync = { readonly mode: "realtime" } | { readonly mode: "batch"; readonly schedule: Cron };

/** One environment: its clusters, what runs on each of them, and the models in their versions. */
export interface Environment {
  readonly name: string;
  /** By key; the key is the cluster's identity, so renaming one replaces everything on it. At least one. */
  readonly clusters: Readonly<Record<string, ClusterSpec>>;
  readonly platform: PlatformSpec;
  /** Models are reached at `<model>.<domain>`. */
  readonly domain: string;
  readonly dataSync: DataSync;
  /** By name; the name is the model's identity. */
  readonly models: Readonly<Record<string, Model>>;
}

/** Everything wrong with an environment, by the path its owner typed. */
export function validateEnvironment(environment: Environment): Problem[] {
  const { clusters, platform, models } = environment;
  const clusterNames = Object.keys(clusters);
  return [
    ...dnsLabelProblems("name", environment.name, 20),
    ...(clusterNames.length > 0
      ? []
      : [
          {
            path: "clusters",
            reason: "there is none.",
            fix: "Declare at least one cluster: a cloud provider's or on-prem.",
          },
        ]),
    ...clusterNames.flatMap((name) => dnsLabelProblems(`clusters["${name}"]`, name, 30)),
    ...domainProblems(environment.domain),
    ...dataSyncProblems(environment.dataSync),
    ...under("platform.prometheus", validatePrometheus(platform.prometheus)),
    ...under("platform.modelNamespace", validateModelNamespace(platform.modelNamespace)),
    ...Object.entries(models).flatMap(([name, model]) =>
      under(`models.${name}`, [...validateModel(name, model), ...gpuProblems(model, clusters)]),
    ),
  ];
}

function domainProblems(domain: string): Problem[] {
  return domain.length <= 200 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(domain)
    ? []
    : [
        {
          path: "domain",
          reason: `"${domain}" is not a domain name.`,
          fix: 'Write, for example, "models.example.com".',
        },
      ];
}

function dataSyncProblems(dataSync: DataSync): Problem[] {
  switch (dataSync.mode) {
    case "realtime":
      return [];
    case "batch":
      return cronProblems("dataSync.schedule", dataSync.schedule);
    default:
      return [
        {
          path: "dataSync.mode",
          reason: `"${(dataSync as { mode: unknown }).mode}" is neither "realtime" nor "batch".`,
          fix: "Write one of the two.",
        },
      ];
  }
}

/** A model is deployed to every cluster, so each must have the GPUs it asks for. */
function gpuProblems({ server: { gpu } }: Model, clusters: Environment["clusters"]): Problem[] {
  if (gpu === undefined) return [];
  return Object.entries(clusters).flatMap(([name, { gpuPools = {} }]) => {
    const fitting = Object.values(gpuPools).filter((pool) => pool.gpu === gpu.kind);
    if (fitting.some(({ gpusPerNode }) => gpusPerNode >= gpu.count)) return [];
    const most = Math.max(0, ...fitting.map(({ gpusPerNode }) => gpusPerNode));
    return [
      {
        path: "server.gpu",
        reason: `${gpu.count} × ${gpu.kind} in one pod, but the nodes of cluster "${name}" have ${most} at most.`,
        fix: `Declare a pool with that GPU under clusters["${name}"].gpuPools, or ask for less.`,
      },
    ];
  });
}
