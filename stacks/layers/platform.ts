import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import { ProblemError } from "../../components/core/problem.ts";
import type { BuildCluster } from "../../components/platform/platformSystem.ts";
import { argsOf, inOrder, type PlatformSpec, systemCluster, systems } from "../../components/platform/systems.ts";
import { type Contracts, layerReference, type PlatformContract, type Published, readCluster } from "../contracts.ts";
import { atSite } from "../environments/clusterSpec.ts";
import type { StackOf } from "../stackName.ts";
import { providerOf } from "./access.ts";
import { clustersOf } from "./clustersOf.ts";

/**
 * The systems that a release needs on every cluster: mesh, metrics, GPUs, the Rollouts controller, a namespace for the
 * models.
 */
export function platformLayer(stack: StackOf): Published<Contracts["platform"]> {
  const clusterLayer = layerReference(stack, "cluster");
  const platform = platformSpec(stack.environment.platform);
  const { environment } = stack;
  return {
    clusters: clustersOf(stack, (name, spec) =>
      buildSystems(
        { ...systemCluster(environment, name, spec, platform), published: readCluster(clusterLayer, "cluster", name) },
        spec,
        // Namespaces stay when the platform is taken down, because they may hold what others have put there. The next
        // `up` takes them over.
        { providers: [providerOf(name, spec, clusterLayer, { takeOver: true })] },
      ),
    ),
  };
}

/** Builds every system that runs on a cluster, each after those that it waits for. */
function buildSystems(
  cluster: BuildCluster,
  spec: ClusterSpec,
  opts: pulumi.ComponentResourceOptions,
): Published<PlatformContract> {
  const built = new Map<string, pulumi.Resource>();
  let published: object = {};
  for (const key of inOrder()) {
    const system = systems[key];
    const args = argsOf(key, cluster.platform);
    if (system === undefined || args === undefined || cluster.modes[key] === "none") continue;
    const dependsOn = system.after.flatMap((earlier) => built.get(earlier) ?? []);
    const { resource, published: own } = system.build(
      `${cluster.key}-${system.componentName}`,
      { ...args, ...atSite(spec) },
      cluster,
      dependsOn.length === 0 ? opts : { ...opts, dependsOn },
    );
    built.set(key, resource);
    published = { ...published, ...own };
  }
  return published as Published<PlatformContract>;
}

/**
 * The declared platform, unless configuration says `serin:platform: install`: then every system is installed and the
 * namespace created, as `local` needs it on a cluster that has none of them.
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
  return Object.fromEntries(
    Object.entries(declared).map(([key, args]) => [key, systems[key]?.installed(args) ?? args]),
  ) as unknown as PlatformSpec;
}
