import { nameInCloud } from "../../components/cluster/cloudAdapter.ts";
import { type ClusterSpec, cloudOf, clouds } from "../../components/cluster/clouds.ts";
import { overlapProblems } from "../../components/cluster/network.ts";
import type { AtSite } from "../../components/cluster/onPrem/siteSettings.ts";
import { dnsLabelProblems } from "../../components/core/names.ts";
import { type Problem, under } from "../../components/core/problem.ts";
import { fittingPools } from "../../components/model/hostCluster.ts";
import type { Model } from "../../components/model/model.ts";
import { validateModel } from "../../components/model/modelProblems.ts";
import { gpuKinds } from "../../components/model/triton.ts";
import type { DeclaredPlatform } from "../../components/platform/platformSystem.ts";
import { argsOf, type PlatformSpec, systems } from "../../components/platform/systems.ts";
import { atSite, clusterProblems } from "./clusterSpec.ts";
import { environmentVersionProblems } from "./versions.ts";

/** One environment: its clusters, what runs on each of them, and the models in their versions. */
export interface Environment {
  readonly name: string;
  /** By key; the key is the cluster's identity, so renaming one replaces everything on it. At least one. */
  readonly clusters: Readonly<Record<string, ClusterSpec>>;
  /** What every cluster runs beside the models. */
  readonly platform: PlatformSpec;
  /** Models are reached at `<model>.<domain>`. */
  readonly domain: string;
  /** By name; the name is the model's identity. */
  readonly models: Readonly<Record<string, Model>>;
}

/** Everything wrong with an environment, by the path its owner typed. */
export function validateEnvironment(environment: Environment): Problem[] {
  const { clusters, platform, models } = environment;
  const clusterNames = Object.keys(clusters);
  const ofClusters = Object.entries(clusters).map(([name, spec]) => ({ name, spec, problems: clusterProblems(spec) }));
  const known = Object.fromEntries(Object.entries(clusters).filter(([, { cloud }]) => Object.hasOwn(clouds, cloud)));
  // Problems that follow from a wrong cluster would hide the cause.
  const sound = Object.fromEntries(
    ofClusters.filter(({ problems }) => problems.length === 0).map(({ name, spec }) => [name, spec]),
  );
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
    ...ofClusters.flatMap(({ name, spec, problems }) => [
      ...dnsLabelProblems(`clusters["${name}"]`, name, 30),
      ...(Object.hasOwn(known, name) ? nameInCloudProblems(environment.name, name, spec) : []),
      ...under(`clusters["${name}"]`, problems),
    ]),
    ...overlapProblems(
      Object.fromEntries(Object.entries(known).map(([name, spec]) => [name, cloudOf(spec).blocks(spec)])),
    ),
    ...domainProblems(environment.domain),
    ...platformProblems(platform, sound),
    ...environmentVersionProblems({ ...environment, clusters: sound }),
    ...Object.entries(models).flatMap(([name, model]) =>
      under(`models.${name}`, [...validateModel(name, model), ...gpuProblems(model, sound)]),
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

function nameInCloudProblems(environment: string, key: string, spec: ClusterSpec): Problem[] {
  const name = nameInCloud(environment, key);
  const { longestName } = cloudOf(spec);
  return longestName === undefined || name.length <= longestName
    ? []
    : [
        {
          path: `clusters["${key}"]`,
          reason: `"${name}", the cluster's name in the cloud, has ${name.length} characters and may have ${longestName}.`,
          fix: "Write a shorter key.",
        },
      ];
}

/** Problems of the platform anywhere, and those that only a cluster's site has. */
function platformProblems(platform: DeclaredPlatform, clusters: Environment["clusters"]): Problem[] {
  const at = (site: AtSite) =>
    Object.entries(systems).flatMap(([key, system]) => {
      const args = argsOf(key, platform);
      return args === undefined ? [] : under(`platform.${key}`, system.problems({ ...args, ...site }));
    });
  const anywhere = at({});
  const known = new Set(anywhere.map((problem) => JSON.stringify(problem)));
  const ofSites = Object.entries(clusters).flatMap(([name, spec]) =>
    at(atSite(spec))
      .filter((problem) => !known.has(JSON.stringify(problem)))
      .map((problem) => ({ ...problem, reason: `cluster "${name}": ${problem.reason}` })),
  );
  return [...anywhere, ...ofSites];
}

/** A model is deployed to every cluster, so each must have the GPUs it asks for. */
function gpuProblems({ server: { gpu } }: Model, clusters: Environment["clusters"]): Problem[] {
  if (gpu === undefined) return [];
  return Object.entries(clusters).flatMap(([name, spec]) => {
    const pools = cloudOf(spec).gpuPools(spec);
    const fitting = fittingPools(gpu, pools);
    if (fitting.length === 0) {
      const kinds = gpuKinds(gpu.kind).join(" or ");
      const most = Math.max(0, ...fittingPools({ ...gpu, count: 1 }, pools).map(([, { gpusPerNode }]) => gpusPerNode));
      return [
        {
          path: "server.gpu",
          reason: `${gpu.count} × ${kinds}${gpu.slice === undefined ? "" : ` (${gpu.slice})`} in one pod, but the nodes of cluster "${name}" have ${most} at most.`,
          fix: `Declare a pool with that GPU under clusters["${name}"].gpuPools, or ask for less.`,
        },
      ];
    }
    return [];
  });
}
