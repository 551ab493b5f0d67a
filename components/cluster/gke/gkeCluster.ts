import { Firewall } from "@pulumi/gcp/compute/firewall.js";
import { Cluster } from "@pulumi/gcp/container/cluster.js";
import { NodePool, type NodePoolArgs } from "@pulumi/gcp/container/nodePool.js";
import { IAMMember } from "@pulumi/gcp/projects/iammember.js";
import { Account } from "@pulumi/gcp/serviceaccount/account.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { ignoreChanges } from "../../core/driftRules.ts";
import { dnsLabel, dnsLabelProblems } from "../../core/names.ts";
import { type ClusterNetwork, type GpuCluster, kubernetesProvider } from "../gpuCluster.ts";
import type { GpuPool } from "../gpuPool.ts";
import { RemovalGuard } from "../removalGuard.ts";
import { ruleNameProblems } from "../ruleBook.ts";
import type { ModelStore } from "../stores.ts";
import { controlPlaneArgs } from "./controlPlane.ts";
import { defaultEndpoint, type GkeEndpoint } from "./endpoint.ts";
import { gcpRuleBook } from "./gcpRuleBook.ts";
import type { GkeClusterArgs } from "./gkeArgs.ts";
import { GkeAuditStore } from "./gkeAuditStore.ts";
import { GkeKeys } from "./gkeKeys.ts";
import { gkeKubeconfig } from "./gkeKubeconfig.ts";
import { GkeModelStore } from "./gkeModelStore.ts";
import { GkeNetwork, gkeBlocks } from "./gkeNetwork.ts";
import { gkeGpuPools, gpuNodePool, type NodeBase, systemNodePool } from "./gkePools.ts";
import { validateGkeCluster } from "./gkeProblems.ts";
import { GkeWorkloadIdentity } from "./gkeWorkloadIdentity.ts";

/** Most characters of a cluster's name, which GKE sets. */
export const longestName = 40;

/** Most characters of a service account's id. */
const mostAccountName = 30;

/**
 * A regional cluster of Google Kubernetes Engine with its network, keys, node pools, model store and audit store. What
 * a change of an argument replaces is in `docs/clusters/gke.md`. Invalid arguments are refused before anything is made.
 */
export class GkeCluster extends Component implements GpuCluster {
  /**
   * Secret, though it has no credential: it names the server and runs `gke-gcloud-auth-plugin`, which takes a token
   * from gcloud. It changes with the endpoint.
   */
  readonly kubeconfig: pulumi.Output<string>;
  /** `projects/<project>/locations/<region>/clusters/<name>`. A change replaces all that runs on the cluster. */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Usable once system nodes and the grants of `admins` are there. */
  readonly provider: Provider;
  /** By key in `gpuPools` of the arguments. Known before anything is made. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** Grants service accounts access to the model store, without an account of Google Cloud. */
  readonly workloadIdentity: GkeWorkloadIdentity;
  /** `gs://<project>-<cluster>-models`. */
  readonly modelStore: ModelStore;
  /** The VPC, and its one subnet by name. Cloud VPN and Cloud Interconnect are connected to these. */
  readonly network: ClusterNetwork;
  /** `labels` of the arguments. */
  readonly labels: Readonly<Record<string, string>>;

  /**
   * `name` is the cluster's name in Google Cloud, a DNS label of at most 40 characters. A change replaces everything.
   */
  constructor(name: string, args: GkeClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { region, zones, labels, kubernetesVersion, protect = true, endpoint = defaultEndpoint } = args;
    super("cluster:GkeCluster", name, { region, kubernetesVersion, labels, endpoint: endpoint.kind }, opts);
    this.reject([
      ...dnsLabelProblems("name", name, longestName),
      ...ruleNameProblems(gcpRuleBook, "name", name),
      ...validateGkeCluster(args),
    ]);
    const own = { cluster: name, region, labels, protect };

    const network = new GkeNetwork(this.childName("network"), { ...own, cidr: args.cidr }, { parent: this });
    const keys = new GkeKeys(this.childName("keys"), { ...own, projectNumber: args.projectNumber }, { parent: this });
    const models = new GkeModelStore(
      this.childName("models"),
      { ...own, project: args.project, key: keys.models },
      { parent: this },
    );
    new GkeAuditStore(
      this.childName("audit"),
      { ...own, ...args.auditStore, project: args.project, modelBucket: models.bucket },
      { parent: this },
    );
    const nodeAccount = this.#nodeAccount(name, args.project);
    const cluster = new Cluster(
      this.childName("cluster"),
      controlPlaneArgs({
        ...args,
        name,
        endpoint,
        protect,
        network: network.network,
        subnetwork: network.subnetwork,
        secretsKey: keys.secrets.id,
        nodeServiceAccount: nodeAccount.email,
      }),
      {
        parent: this,
        protect,
        dependsOn: [network, keys.secrets.grant, nodeAccount.grant],
        customTimeouts: { create: "1h", update: "2h", delete: "1h" },
        ...ignoreChanges("gkeCluster"),
      },
    );
    const base = {
      cluster: cluster.name,
      region,
      zones,
      labels,
      serviceAccount: nodeAccount.email,
      diskKey: keys.disks.id,
    };
    const system = this.#pools(args, base, [network, nodeAccount.grant, keys.disks.grant]);
    const admins = this.#admins(name, args);
    const webhooks = this.#webhooks(name, args, network, cluster, nodeAccount.email);

    this.kubeconfig = pulumi.secret(kubeconfigOf(name, cluster, endpoint));
    this.clusterIdentifier = cluster.id;
    this.provider = kubernetesProvider(
      this.childName("provider"),
      { kubeconfig: this.kubeconfig, clusterIdentifier: this.clusterIdentifier },
      { parent: this, dependsOn: [system, ...admins, ...webhooks] },
    );
    new RemovalGuard(this.childName("guard"), { of: this, protect }, { parent: this });
    this.workloadIdentity = new GkeWorkloadIdentity(
      this.childName("identity"),
      { project: args.project, projectNumber: args.projectNumber, modelBucket: models.bucket },
      { parent: this, dependsOn: cluster },
    );
    this.gpuPools = gkeGpuPools(args);
    this.network = { id: network.network, subnets: { [name]: network.subnetwork } };
    this.modelStore = { kind: "gcs", url: models.url };
    this.labels = labels;
    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      clusterIdentifier: this.clusterIdentifier,
      gpuPools: this.gpuPools,
      network: this.network,
      modelStore: this.modelStore,
      labels: this.labels,
    });
  }

  /**
   * The account that all nodes run as. It may write logs and metrics and nothing else: pods have principals of their
   * own.
   */
  #nodeAccount(cluster: string, project: pulumi.Input<string>): { email: pulumi.Output<string>; grant: IAMMember } {
    const account = new Account(
      this.childName("nodes"),
      { accountId: dnsLabel(`${cluster}-nodes`, mostAccountName), displayName: `Nodes of cluster ${cluster}` },
      { parent: this },
    );
    const grant = new IAMMember(
      this.childName("nodes-role"),
      { project, role: "roles/container.defaultNodeServiceAccount", member: account.member },
      { parent: this },
    );
    return { email: account.email, grant };
  }

  /** Makes every pool; returns the system pool, on which the platform runs. */
  #pools(args: GkeClusterArgs, base: NodeBase, dependsOn: pulumi.Resource[]): NodePool {
    const pool = (role: string, poolArgs: NodePoolArgs) =>
      new NodePool(this.childName(role), poolArgs, {
        parent: this,
        dependsOn,
        // An upgrade waits up to an hour for the pods of each node.
        customTimeouts: { create: "1h", update: "12h", delete: "2h" },
        ...ignoreChanges("gkeNodePool"),
      });
    for (const [key, gpuPool] of Object.entries(args.gpuPools ?? {})) {
      pool(`pool-${key}`, gpuNodePool(key, gpuPool, base));
    }
    return pool("system", systemNodePool(base));
  }

  /**
   * Lets the control plane call webhooks on the nodes: GKE's own rule admits 443 and 10250 only
   * (https://istio.io/latest/docs/setup/platform-setup/gke). The control plane's address is in the subnet of the nodes,
   * by Private Service Connect; where GKE peers its network instead, it has a block of its own. It may well call by way
   * of konnectivity's pods, which need no rule (tigera/operator #5212); this one is for where it does not.
   */
  #webhooks(
    cluster: string,
    { webhookPorts = [], cidr }: GkeClusterArgs,
    { network }: GkeNetwork,
    { privateClusterConfig }: Cluster,
    nodeAccount: pulumi.Input<string>,
  ): Firewall[] {
    if (webhookPorts.length === 0) return [];
    return [
      new Firewall(
        this.childName("webhooks"),
        {
          name: `${cluster}-webhooks`,
          description: "The control plane calls admission webhooks.",
          network,
          direction: "INGRESS",
          allows: [{ protocol: "tcp", ports: webhookPorts.map(String) }],
          sourceRanges: privateClusterConfig.apply(({ masterIpv4CidrBlock }) => [
            gkeBlocks(cidr).nodes,
            ...(masterIpv4CidrBlock ? [masterIpv4CidrBlock] : []),
          ]),
          targetServiceAccounts: [nodeAccount],
        },
        { parent: this },
      ),
    ];
  }

  /** Makes each admin an administrator of this cluster, and of no other of the project. */
  #admins(cluster: string, args: GkeClusterArgs): IAMMember[] {
    const resource = pulumi.interpolate`projects/${args.project}/locations/${args.region}/clusters/${cluster}`;
    return args.admins.map(
      (admin) =>
        new IAMMember(
          this.childName(`admin-${admin}`),
          {
            project: args.project,
            role: "roles/container.admin",
            member: admin,
            condition: {
              title: `cluster-${cluster}`,
              expression: pulumi.interpolate`resource.name == "${resource}" || resource.name.startsWith("${resource}/")`,
            },
          },
          { parent: this },
        ),
    );
  }
}

function kubeconfigOf(name: string, cluster: Cluster, { kind }: GkeEndpoint): pulumi.Output<string> {
  if (kind === "dns") {
    return cluster.controlPlaneEndpointsConfig.apply(({ dnsEndpointConfig }) =>
      gkeKubeconfig(name, { host: dnsEndpointConfig?.endpoint ?? "" }),
    );
  }
  return pulumi
    .all([cluster.privateClusterConfig, cluster.masterAuth])
    .apply(([{ privateEndpoint, publicEndpoint }, { clusterCaCertificate }]) =>
      gkeKubeconfig(name, {
        host: kind === "private" ? privateEndpoint : publicEndpoint,
        ca: clusterCaCertificate,
      }),
    );
}
