import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import { gpuFacts } from "../../components/cluster/machines/gpus.ts";
import type { Problem } from "../../components/core/problem.ts";
import { platformVersions, versionProblems } from "../../components/core/versionMatrix.ts";
import type { VersionCombination } from "../../components/core/versions/conflicts.ts";
import { defaultOperatorDriver } from "../../components/core/versions/drivers.ts";
import { tritonRelease } from "../../components/core/versions/tritonContainers.ts";
import { fittingPools } from "../../components/model/hostCluster.ts";
import type { Environment, PlatformSpec } from "./environment.ts";

/** Versions in an environment that do not run together, by the path of the one that is easiest to change. */
export function environmentVersionProblems({ clusters, platform, models }: Environment): Problem[] {
  const problems = Object.entries(clusters).flatMap(([name, spec]) => {
    const at = `clusters["${name}"]`;
    const installed = installedVersions(platform, spec);
    const pools = Object.entries(cloudOf(spec).gpuPools(spec));
    return [
      ...versionProblems(installed, { kubernetes: `${at}.kubernetesVersion` }),
      ...pools.flatMap(([key, pool]) => {
        const { gpuOperator } = installed;
        const paths = { driver: `${at}.gpuPools["${key}"].driver` };
        const driver = driverOf(spec, key, pool);
        return gpuOperator === undefined ? [] : versionProblems({ gpuOperator, driver }, paths);
      }),
      ...Object.entries(models).flatMap(([model, { server }]) => {
        const container = tritonRelease(server.image);
        // Of an image of somebody's own nothing is known.
        if (server.gpu === undefined || container === undefined) return [];
        return fittingPools(server.gpu, Object.fromEntries(pools)).flatMap(([key, pool]) =>
          versionProblems(
            {
              driver: driverOf(spec, key, pool),
              triton: { container, backend: server.backend },
              gpu: { model: pool.gpu, computeCapability: gpuFacts(pool.gpu).computeCapability },
            },
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

/** What we install; what a site adopts is looked at by the preflight, where it runs. */
function installedVersions(platform: PlatformSpec, spec: ClusterSpec): VersionCombination {
  const { istio, argoRollouts, kubePrometheusStack, gpuOperator } = platformVersions();
  const kubernetes = cloudOf(spec).kubernetesVersion(spec);
  const hasOperator =
    !cloudOf(spec).brings.includes("gpuOperator") &&
    Object.keys(spec.gpuPools ?? {}).length > 0 &&
    !("adopt" in (platform.gpuOperator ?? {}));
  return {
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...("install" in platform.istio ? { istio } : {}),
    ...("install" in platform.argoRollouts ? { argoRollouts } : {}),
    ...("install" in platform.prometheus ? { kubePrometheusStack } : {}),
    ...(hasOperator ? { gpuOperator } : {}),
  };
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
