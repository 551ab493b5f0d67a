import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { type ChartPin, charts } from "../../components/core/charts.ts";
import { defaultKubernetesVersion } from "../../components/core/kubernetesVersions.ts";
import type { RegistryMirror } from "../../components/core/registryMirror.ts";
import { systemCluster, systems, webhookPorts } from "../../components/platform/systems.ts";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import { shown } from "../../plan/shownValues.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { recordLayers } from "../recordLayers.ts";

/** One chart as one cluster gets it. */
export interface DeclaredChart {
  /** Where it is declared: `prod/aws-use1`. */
  readonly at: string;
  readonly pin: ChartPin;
  /** The release's name and namespace. */
  readonly release: string;
  readonly namespace: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly postRenderer?: { readonly command: string; readonly args?: readonly string[] };
  /** Of the cluster: `1.35`. */
  readonly kubernetesVersion: string;
  /** Whether nodes of the cluster have the GPU taint. */
  readonly hasGpuNodes: boolean;
  /** Ports of webhooks that the cluster's network lets its control plane reach. */
  readonly webhookPorts: readonly number[];
  /** What stands for the public registries. */
  readonly mirror?: RegistryMirror;
  /** Whether the provider takes over objects that exist. */
  readonly upserts: boolean;
}

interface ChartInputs {
  readonly chart: string;
  readonly version: string;
  readonly name: string;
  readonly namespace: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly postRenderer?: DeclaredChart["postRenderer"];
}

/** Every chart of an environment, from the resources that a plan records. */
export async function declaredCharts(environment: Environment): Promise<DeclaredChart[]> {
  const clusters: Readonly<Record<string, ClusterSpec>> = environment.clusters;
  return (await recordLayers(environment)).flatMap((resource) => {
    if (resource.type !== "kubernetes:helm.sh/v4:Chart") return [];
    const [key, spec] = Object.entries(clusters).find(([name]) => resource.name.startsWith(`${name}-`)) ?? [];
    if (key === undefined || spec === undefined) throw new Error(`${resource.name} is of no cluster.`);
    const inputs = shown(resource.props) as unknown as ChartInputs;
    const mirror = cloudOf(spec).settings(spec)?.registryMirror;
    return {
      at: `${environment.name}/${key}`,
      pin: pinOf(inputs),
      release: inputs.name,
      namespace: inputs.namespace,
      values: inputs.values ?? {},
      ...(inputs.postRenderer === undefined ? {} : { postRenderer: inputs.postRenderer }),
      kubernetesVersion: cloudOf(spec).kubernetesVersion(spec) ?? defaultKubernetesVersion,
      hasGpuNodes: Object.keys(cloudOf(spec).gpuPools(spec)).length > 0,
      webhookPorts: webhookPorts(systemCluster(environment, key, spec, environment.platform)),
      ...(mirror === undefined ? {} : { mirror }),
      upserts: upserts(resource),
    };
  });
}

function pinOf({ chart, version }: ChartInputs): ChartPin {
  const name = chart.split("/").at(-1);
  const pin = Object.values<ChartPin>(charts).find((one) => one.chart === name && one.version === version);
  if (pin === undefined) throw new Error(`${chart} ${version} is not pinned in components/core/charts.ts.`);
  return pin;
}

function upserts({ provider }: RecordedResource): boolean {
  return String(provider?.props.upsertExistingObjects) === "true";
}

/** Groups and versions of custom resources that a chart may ask for, as they are there when all systems run. */
export const servedVersions: readonly string[] = [
  ...new Set(
    Object.values(systems)
      .flatMap(({ requirements }) => requirements)
      .map(({ crd, version }) => `${crd.slice(crd.indexOf(".") + 1)}/${version}`),
  ),
];
