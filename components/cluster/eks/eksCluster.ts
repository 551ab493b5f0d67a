import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { dnsLabelProblems } from "../../core/names.ts";
import { type ClusterNetwork, type GpuCluster, kubernetesProvider } from "../gpuCluster.ts";
import type { GpuPool } from "../gpuPool.ts";
import { RemovalGuard } from "../removalGuard.ts";
import { ruleNameProblems } from "../ruleBook.ts";
import type { ModelStore } from "../stores.ts";
import { clusterAddons, nodeAddons } from "./addons.ts";
import { autoscalerIdentity } from "./autoscalerIdentity.ts";
import { awsRuleBook } from "./awsRuleBook.ts";
import { ControlPlane } from "./controlPlane.ts";
import type { EksClusterArgs } from "./eksArgs.ts";
import { S3AuditStore } from "./eksAuditStore.ts";
import { clusterKey } from "./eksKeys.ts";
import { eksKubeconfig } from "./eksKubeconfig.ts";
import { type ModelBucket, modelBucket } from "./eksModelStore.ts";
import { EksNetwork } from "./eksNetwork.ts";
import { eksGpuPools, GpuNodes } from "./eksPools.ts";
import { validateEksCluster } from "./eksProblems.ts";
import { EksWorkloadIdentity } from "./eksWorkloadIdentity.ts";
import { defaultEndpoint } from "./endpoint.ts";
import { loadBalancerIdentity } from "./loadBalancerIdentity.ts";
import { type NodeContext, nodeRole } from "./nodes.ts";
import { defaultSystemMachine, systemNodes } from "./systemNodes.ts";

/** Most characters of a cluster's name. An IAM role's is that, the role's purpose and a suffix: 64 at most. */
export const longestName = 30;

/** Days that CloudWatch keeps the control plane's logs, for queries. The audit store keeps them for its retention. */
const logDays = 30;

/**
 * A cluster of Amazon EKS with its network, nodes, keys and stores.
 *
 * @throws ResourceError with all problems of its name and arguments.
 */
export class EksCluster extends Component implements GpuCluster {
  /**
   * A secret without credentials of its own: it calls `aws eks get-token`, so it needs the AWS CLI and the identity of
   * an admin.
   */
  readonly kubeconfig: pulumi.Output<string>;
  /** The cluster's ARN. */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Waits for network, control plane, add-ons and system nodes, not for GPU nodes. It is removed before them. */
  readonly provider: Provider;
  /** By the key in the declaration. Known before anything is made. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** Binds service accounts to the model store by IAM roles for service accounts. */
  readonly workloadIdentity: EksWorkloadIdentity;
  /** The bucket of the models: `s3://<bucket>`. */
  readonly modelStore: ModelStore;
  /** The VPC, with the private subnets and their route tables by zone. */
  readonly network: ClusterNetwork;
  /** ARN of the cluster's key, which also encrypts Secrets, nodes' disks and logs. */
  readonly volumeKey: pulumi.Output<string>;
  /** As declared; they are also AWS tags of the cluster's resources. */
  readonly labels: Readonly<Record<string, string>>;

  constructor(name: string, args: EksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { account, region, kubernetesVersion, labels, gpuPools = {}, endpoint = defaultEndpoint } = args;
    super(
      "cluster:EksCluster",
      name,
      { region, kubernetesVersion, endpoint: endpoint.kind, gpuPools: Object.keys(gpuPools) },
      opts,
    );
    this.reject([
      ...dnsLabelProblems("name", name, longestName),
      ...ruleNameProblems(awsRuleBook, "name", name),
      ...validateEksCluster(args),
    ]);
    const scope: Scope = {
      name,
      args,
      account,
      protect: args.protect ?? true,
      tags: { ...labels, "serin.dev/cluster": name },
    };
    this.gpuPools = eksGpuPools(args);
    this.labels = labels;

    const network = new EksNetwork(
      this.childName("network"),
      { cluster: name, region, zones: args.zones, cidr: args.cidr, peerings: args.peerings ?? {}, tags: scope.tags },
      { parent: this },
    );
    const models = modelBucket(
      this.childName("models"),
      { account, protect: scope.protect, tags: scope.tags },
      { parent: this },
    );
    const { keyArn, audit } = this.#logging(scope, models);
    const control = new ControlPlane(
      this.childName("control-plane"),
      {
        cluster: name,
        account,
        kubernetesVersion,
        network,
        endpoint,
        keyArn,
        admins: args.admins,
        logging: [audit],
        protect: scope.protect,
        tags: scope.tags,
      },
      { parent: this },
    );
    this.network = {
      id: network.vpcId,
      subnets: Object.fromEntries(Object.entries(network.privateSubnets).map(([zone, { id }]) => [zone, id])),
      routeTables: network.routeTables,
    };
    this.volumeKey = keyArn;
    const ready = this.#nodes(scope, network, control, keyArn);

    this.modelStore = { kind: "s3", url: pulumi.interpolate`s3://${models.bucket}`, region };
    this.workloadIdentity = new EksWorkloadIdentity(
      this.childName("workload-identity"),
      { cluster: name, region, issuer: control.issuer, store: models, tags: scope.tags },
      { parent: this },
    );
    this.clusterIdentifier = control.cluster.arn;
    this.kubeconfig = eksKubeconfig({
      cluster: name,
      region,
      endpoint: control.cluster.endpoint,
      certificateAuthority: control.certificateAuthority,
    });
    this.provider = kubernetesProvider(
      this.childName("provider"),
      { kubeconfig: this.kubeconfig, clusterIdentifier: this.clusterIdentifier },
      { parent: this, dependsOn: [control, ...ready] },
    );
    new RemovalGuard(this.childName("guard"), { of: this, protect: scope.protect }, { parent: this });
    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      clusterIdentifier: this.clusterIdentifier,
      modelStore: this.modelStore.url,
      network: this.network,
      volumeKey: this.volumeKey,
      gpuPools: this.gpuPools,
      labels,
    });
  }

  /** Makes the cluster's key, its log group and its audit store, which must exist before EKS writes the first log. */
  #logging({ name, args, account, protect, tags }: Scope, models: ModelBucket) {
    const { region } = args;
    // Where this group is missing, EKS makes it, without a key and with records that are never deleted.
    const logGroup = `/aws/eks/${name}/cluster`;
    const key = clusterKey(this.childName("key"), { account, region, logGroup, protect, tags }, { parent: this });
    const logs = new LogGroup(
      this.childName("logs"),
      { name: logGroup, retentionInDays: logDays, kmsKeyId: key.arn, tags },
      { parent: this },
    );
    const audit = new S3AuditStore(
      this.childName("audit"),
      {
        store: args.auditStore ?? {},
        cluster: name,
        account,
        region,
        logGroup: logs,
        watched: [models.arn],
        protect,
        tags,
      },
      { parent: this },
    );
    return { keyArn: key.arn, audit };
  }

  /** Makes add-ons and nodes. Returns what the Kubernetes provider waits for; GPU nodes are not among it. */
  #nodes(
    { name, args, tags }: Scope,
    network: EksNetwork,
    control: ControlPlane,
    keyArn: pulumi.Input<string>,
  ): pulumi.Resource[] {
    const { zones, kubernetesVersion, gpuPools = {}, systemMachine = defaultSystemMachine } = args;
    const { cluster, securityGroupId } = control;
    const parent = { parent: this };
    const first = nodeAddons(name, { cluster, after: [], tags }, parent);
    const context: NodeContext = {
      name,
      cluster,
      kubernetesVersion,
      network,
      role: nodeRole(this.childName("node-role"), tags, parent),
      keyArn,
      securityGroupId,
      before: first,
      tags,
    };
    const system = systemNodes(this.childName("system"), context, { machine: systemMachine, zones }, parent);
    const second = clusterAddons(
      name,
      { cluster, after: [system], volumeKey: keyArn, region: args.region, tags },
      parent,
    );
    autoscalerIdentity(this.childName("autoscaler"), { name, cluster, after: first, tags }, parent);
    loadBalancerIdentity(this.childName("load-balancers"), { name, cluster, after: first, tags }, parent);
    for (const [key, pool] of Object.entries(gpuPools)) {
      const gpusPerNode = this.gpuPools[key]?.gpusPerNode ?? 0;
      new GpuNodes(this.childName(`pool-${key}`), { key, pool, zones, gpusPerNode, context }, parent);
    }
    return [network, ...first, system, ...second];
  }
}

/** What the parts of one cluster share. */
interface Scope {
  readonly name: string;
  readonly args: EksClusterArgs;
  readonly account: pulumi.Input<string>;
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}
