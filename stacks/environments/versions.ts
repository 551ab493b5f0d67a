import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import { gpuFacts } from "../../components/cluster/machines/gpus.ts";
import { type Problem, under } from "../../components/core/problem.ts";
import { defaultOperatorDriver } from "../../components/core/versions/drivers.ts";
import { tritonRelease } from "../../components/core/versions/tritonContainers.ts";
import { fittingPools } from "../../components/model/hostCluster.ts";
import type { Model } from "../../components/model/model.ts";
import { operatorDriverProblems } from "../../components/platform/gpuOperator.ts";
import type { DeclaredPlatform } from "../../components/platform/platformSystem.ts";
import { installedVersions, systemCluster, systemVersions } from "../../components/platform/systems.ts";
import type { VersionCombination } from "../../components/platform/versions/conflicts.ts";
import { versionProblems } from "../../components/platform/versions/versionMatrix.ts";

/** The parts of an environment that have versions. */
export interface VersionedEnvironment {
  /** The environment's name. */
  readonly name: string;
  /** Models are reached at `<model>.<domain>`. */
  readonly domain: string;
  /** Its clusters, by key. */
  readonly clusters: Readonly<Record<string, ClusterSpec>>;
  /** Its platform, by system. */
  readonly platform: DeclaredPlatform;
  /** Its models, by name. */
  readonly models: Readonly<Record<string, Model>>;
}

/** Versions in an environment that do not run together, by the path of the one that is easiest to change. */
export function environmentVersionProblems(environment: VersionedEnvironment): Problem[] {
  const { clusters, platform, models } = environment;
  const known = systemVersions();
  const problems = Object.entries(clusters).flatMap(([name, spec]) => {
    const at = `clusters["${name}"]`;
    const { modes } = systemCluster(environment, name, spec, platform);
    const installed = installedVersions(modes);
    const kubernetes = cloudOf(spec).kubernetesVersion(spec);
    const pools = Object.entries(cloudOf(spec).gpuPools(spec));
    return [
      ...versionProblems({ systems: installed, ...(kubernetes === undefined ? {} : { kubernetes }) }, known, {
        kubernetes: `${at}.kubernetesVersion`,
      }),
      ...(installed.gpuOperator === undefined ? [] : under(at, operatorDriverProblems(Object.fromEntries(pools)))),
      ...pools.flatMap(([key, pool]) => {
        const { gpuOperator } = installed;
        const paths = { driver: `${at}.gpuPools["${key}"].driver` };
        const driver = driverOf(spec, key, pool);
        return gpuOperator === undefined ? [] : versionProblems({ systems: { gpuOperator }, driver }, known, paths);
      }),
      ...Object.entries(models).flatMap(([model, { server }]) => {
        const container = tritonRelease(server.image);
        // Nothing is known of an image that the owner of the model built.
        if (server.gpu === undefined || container === undefined) return [];
        return fittingPools(server.gpu, Object.fromEntries(pools)).flatMap(([key, pool]) =>
          versionProblems(
            {
              driver: driverOf(spec, key, pool),
              triton: { container, backend: server.backend },
              gpu: { model: pool.gpu, computeCapability: gpuFacts(pool.gpu).computeCapability },
            },
            known,
            {
              driver: `${at}.gpuPools["${key}"].driver`,
              gpu: `${at}.gpuPools["${key}"].machine`,
              triton: `models.${model}.server.image`,
            },
          ),
        );
      }),
    ];
  });
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function driverOf(spec: ClusterSpec, key: string, { driver }: GpuPool): NonNullable<VersionCombination["driver"]> {
  switch (driver.owner) {
    case "preinstalled":
      return { version: driver.version, owner: driver.owner };
    case "operator":
      return { version: driver.version ?? defaultOperatorDriver, owner: driver.owner };
    case "cloud":
      return { version: cloudOf(spec).cloudDriver(spec, key) ?? "", owner: driver.owner };
  }
}
