import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { type CloudAdapter, nameInCloud } from "../../../../components/cluster/cloudAdapter.ts";
import { type CloudClusterArgs, cloudClusterProblems } from "../../../../components/cluster/cloudCluster.ts";
import type { CloudRules } from "../../../../components/cluster/cloudRules.ts";
import { deviceLabels } from "../../../../components/cluster/deviceLabels.ts";
import type { GpuCluster } from "../../../../components/cluster/gpuCluster.ts";
import { kubernetesProvider } from "../../../../components/cluster/gpuCluster.ts";
import { defaultSharing, gpuClass, gpuClassLabel, publishedPool } from "../../../../components/cluster/gpuPool.ts";
import { poolDriver } from "../../../../components/cluster/poolDriver.ts";
import { quotaNeeds } from "../../../../components/cluster/quota.ts";
import type { ModelStore } from "../../../../components/cluster/stores.ts";
import type { WorkloadIdentity } from "../../../../components/cluster/workloadIdentity.ts";
import { Component } from "../../../../components/core/component.ts";

/** The catalogue of a cloud that does not exist. */
const toyMachines = {
  "toy.large": { family: "toy", vcpu: 8, memoryGiB: 32, gpu: "L4", gpus: 1 },
  "toy.small": { family: "toy", vcpu: 2, memoryGiB: 8, gpu: "L4", gpus: 1 },
} as const;

/** What Toy Cloud accepts. */
export const toyRules = {
  cloud: "toy",
  title: "Toy Cloud",
  service: "TKS",
  operatorLabels: true,
  virtualMachines: true,
  spotTaints: [],
  cutsMigSlices: () => false,
  hasMigProfile: () => true,
  regions: { form: /^toy-[a-z]+$/, example: "toy-land", zone: (region) => [`${region}-a`, /[a-z]$/] },
  machines: toyMachines,
  machineFaults: () => [],
  purchases: ["onDemand", "spot"],
  reservation: { form: /^never$/, what: "a reservation", example: "never", inOneZone: false },
  purchaseProblems: () => [],
  placementProblems: () => [],
  driverOwners: () => ["operator"],
  driverRefusal: () => "Toy Cloud installs none",
  drivers: {},
  quotaShares: (region, pool) => [{ region, quota: "toys", needed: pool.max, unit: "GPU" }],
} as const satisfies CloudRules;

/** The arguments of a `ToyCluster`. */
export type ToyClusterArgs = CloudClusterArgs<keyof typeof toyMachines, "onDemand" | "spot">;
/** A cluster of Toy Cloud, as an environment declares it. */
export type ToyClusterSpec = { readonly cloud: "toy" } & ToyClusterArgs;

/** The GPU pools as the cluster publishes them. */
function toyPools({ gpuPools = {} }: Pick<ToyClusterArgs, "gpuPools">) {
  return Object.fromEntries(
    Object.entries(gpuPools).map(([key, pool]) => {
      const machine = toyMachines[pool.machine];
      return [key, publishedPool(machine, machine.gpus, pool, poolDriver(toyRules, pool, machine))];
    }),
  );
}

/** A cluster with one network, one bucket, system nodes and GPU nodes. */
export class ToyCluster extends Component implements GpuCluster {
  /** Signs in without a token. Secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The id of the cluster. A change replaces all that runs on it. */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Usable once the system nodes are there. */
  readonly provider: Provider;
  /** By key in `gpuPools` of the arguments. Known before anything is made. */
  readonly gpuPools: GpuCluster["gpuPools"];
  /** Grants service accounts access to the model store. */
  readonly workloadIdentity: WorkloadIdentity;
  /** The bucket of models. */
  readonly modelStore: ModelStore;
  /** `labels` of the arguments. */
  readonly labels: Readonly<Record<string, string>>;

  constructor(name: string, args: ToyClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { labels, gpuPools = {}, protect = true } = args;
    super("cluster:ToyCluster", name, { region: args.region }, opts);
    this.reject(cloudClusterProblems(toyRules, args));
    const own = (kind: string, child: string, inputs: pulumi.Inputs, more: pulumi.CustomResourceOptions = {}) =>
      new ToyResource(kind, this.childName(child), { ...inputs, labels }, { parent: this, ...more });

    const cluster = own("Cluster", "cluster", { region: args.region }, { protect });
    const store = own("Bucket", "models", {}, { protect });
    const system = own("NodePool", "system", { max: 3 }, { dependsOn: cluster });
    this.gpuPools = toyPools(args);
    for (const [key, pool] of Object.entries(this.gpuPools)) {
      const sharing = gpuPools[key]?.sharing ?? defaultSharing;
      const nodeLabels = { ...deviceLabels(toyRules, pool), [gpuClassLabel]: gpuClass(pool.gpu, sharing) };
      own("NodePool", `pool-${key}`, { maxSize: pool.max, nodeLabels, taints: pool.taints }, { dependsOn: cluster });
    }

    this.labels = labels;
    this.modelStore = { kind: "gcs", url: pulumi.interpolate`gs://${store.id}` };
    this.workloadIdentity = { kind: "workloadIdentityFederation", bind: () => ({ annotations: {}, podLabels: {} }) };
    this.clusterIdentifier = cluster.id;
    this.kubeconfig = pulumi.secret(pulumi.interpolate`{"cluster": "${cluster.id}"}`);
    this.provider = kubernetesProvider(
      this.childName("provider"),
      { kubeconfig: this.kubeconfig, clusterIdentifier: this.clusterIdentifier },
      { parent: this, dependsOn: [cluster, system] },
    );
    this.registerOutputs({});
  }
}

class ToyResource extends pulumi.CustomResource {
  constructor(kind: string, name: string, inputs: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
    super(`toy:cloud:${kind}`, name, inputs, opts);
  }
}

/** The whole of a fifth cloud, as the rest of the program sees it. */
export const toy: CloudAdapter<ToyClusterSpec> = {
  rules: toyRules,
  ruleBook: {},
  adopted: false,
  longestName: 30,
  identityMarks: { annotations: [], podLabels: {} },
  brings: [],
  needs: () => [],
  starter: {
    region: "toy-land",
    cluster: (region) => ({
      cloud: "toy",
      region,
      zones: [`${region}-a`, `${region}-b`, `${region}-c`],
      cidr: "10.16.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["ada"],
      labels: {},
    }),
  },
  problems: (spec) => cloudClusterProblems(toyRules, spec),
  gpuPools: toyPools,
  systemNodes: () => ({ vcpu: 4, memoryGiB: 16, max: 3 }),
  region: ({ region }) => region,
  kubernetesVersion: ({ kubernetesVersion }) => kubernetesVersion,
  blocks: ({ cidr }) => [cidr],
  upload: (_spec, _name, versions) => versions.map(({ from, to }) => ({ command: `toy copy ${from} $store/${to}` })),
  modelStore: (_spec, url) => ({ kind: "gcs", url }),
  cloudDriver: () => undefined,
  quota: ({ region, gpuPools = {} }) => quotaNeeds(toyRules, region, gpuPools),
  loadBalancer: () => ({ annotations: { "toy.example.com/scheme": "internal" }, sourceRanges: [] }),
  settings: () => undefined,
  configuration: () => ({ values: [{ key: "toyAccount", word: "<account>" }], secrets: [] }),
  kubeconfigSecret: () => undefined,
  build({ cloud: _, ...args }, { environment, key, configured }) {
    configured("toyAccount");
    return new ToyCluster(nameInCloud(environment, key), args);
  },
};
