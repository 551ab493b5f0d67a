import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import type { SiteSettings } from "../../components/cluster/siteSettings.ts";
import { platformVersions } from "../../components/core/versionMatrix.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import type { ClusterSpec, Environment } from "../../stacks/environments/environment.ts";
import program from "../../stacks/index.ts";
import { stackName } from "../../stacks/stackName.ts";
import { project } from "../declared.ts";
import { recordEnvironment } from "../engine/recorder.ts";
import { plainProperties } from "../engine/wireValues.ts";
import type { ClusterNeeds, System, SystemMode } from "./clusterNeeds.ts";

/** What stands behind the clusters of `local`; every other environment is what it declares. */
export type Stand =
  /** The embedded control plane, whose nodes are simulated: there is no network between pods, and nothing is pulled. */
  | "embedded"
  /** A cluster that nobody prepared: everything is installed, whatever is declared. */
  | "unprepared";

/**
 * What each cluster of an environment must have, by the cluster's name. The cluster layer is recorded for it, so everything its
 * components refuse is refused here, too; nothing is contacted.
 *
 * @throws ProblemError as recording does.
 */
export async function declaredNeeds(
  environment: Environment,
  { stand, signal }: { stand?: Stand; signal: AbortSignal },
): Promise<Readonly<Record<string, ClusterNeeds>>> {
  const [recorded] = await recordEnvironment(environment.name, ["cluster"], { project, program, signal });
  const { clusters } = plainProperties(recorded?.outputs ?? {}) as { clusters: Record<string, { gpuPools: Pools }> };
  return Object.fromEntries(
    Object.entries(environment.clusters).map(([name, spec]) => [
      name,
      clusterNeeds(environment, spec, clusters[name]?.gpuPools ?? {}, stand),
    ]),
  );
}

type Pools = Readonly<Record<string, GpuPool>>;

/** What one cluster must have. `gpuPools` as its component publishes them. */
export function clusterNeeds(
  { platform }: Environment,
  spec: ClusterSpec,
  gpuPools: Pools,
  stand?: Stand,
): ClusterNeeds {
  const site = siteOf(spec);
  const isForced = stand === "unprepared";
  const mode = (declared: object | undefined): SystemMode => {
    if (declared === undefined) return "none";
    return isForced || "install" in declared ? "install" : "adopt";
  };
  const systems: Record<System, SystemMode> = {
    istio: mode(platform.istio),
    prometheus: mode(platform.prometheus),
    argoRollouts: mode(platform.argoRollouts),
    // On GKE driver and device plugin are Google's.
    gpuOperator: spec.cloud === ("gcp" as string) ? "none" : mode((platform as { gpuOperator?: object }).gpuOperator),
  };
  const isOpen = stand === "embedded" ? "unenforced" : "enforced";
  return {
    versions: installedVersions(systems),
    gpuPools,
    systems,
    modelNamespace: {
      name: namespaceName(platform.modelNamespace),
      mode: isForced || "create" in platform.modelNamespace ? "create" : "adopt",
    },
    storage: storageOf(systems, site),
    ingress: systems.istio === "install" ? (site?.ingress ?? { kind: "loadBalancer" }) : { kind: "none" },
    networkPolicy: site?.networkPolicy ?? isOpen,
    ...(site?.registryMirror?.images === undefined ? {} : { registryMirror: site.registryMirror.images }),
  };
}

/** The settings of a site of one's own; clouds have none. */
export function siteOf(spec: ClusterSpec): SiteSettings | undefined {
  return (spec as { settings?: SiteSettings }).settings;
}

/** The images that the models of an environment run, each once. */
export function modelImages({ models }: Environment): string[] {
  return [...new Set(Object.values(models).map(({ server }) => server.image))];
}

/** The stack that holds the kubeconfigs of an environment. */
export function clusterStack({ name }: Environment): string {
  return stackName(name, "cluster");
}

/** Of what is installed alone; an adopted system's version is its owner's. */
function installedVersions(systems: Readonly<Record<System, SystemMode>>): ClusterNeeds["versions"] {
  const { istio, argoRollouts, gpuOperator, kubePrometheusStack } = platformVersions();
  return {
    ...(systems.istio === "install" ? { istio } : {}),
    ...(systems.argoRollouts === "install" ? { argoRollouts } : {}),
    ...(systems.gpuOperator === "install" ? { gpuOperator } : {}),
    ...(systems.prometheus === "install" ? { kubePrometheusStack } : {}),
  };
}

/** Prometheus is the one that asks for a volume. */
function storageOf(
  { prometheus }: Readonly<Record<System, SystemMode>>,
  site: SiteSettings | undefined,
): ClusterNeeds["storage"] {
  if (site?.storageClass !== undefined) return { kind: "class", name: site.storageClass };
  return { kind: prometheus === "install" ? "default" : "none" };
}
