import { listManagedClusterUserCredentialsOutput } from "@pulumi/azure-native/containerservice/listManagedClusterUserCredentials.js";
import { MaintenanceConfiguration } from "@pulumi/azure-native/containerservice/maintenanceConfiguration.js";
import { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity.js";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup.js";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { ignoreChanges } from "../../core/driftRules.ts";
import { dnsLabelProblems } from "../../core/names.ts";
import { type ClusterNetwork, type GpuCluster, kubernetesProvider } from "../gpuCluster.ts";
import type { GpuPool } from "../gpuPool.ts";
import { RemovalGuard } from "../removalGuard.ts";
import { ruleNameProblems } from "../ruleBook.ts";
import type { ModelStore } from "../stores.ts";
import type { AksClusterArgs } from "./aksArgs.ts";
import { AksAuditStore, blobsOf } from "./aksAuditStore.ts";
import { type CustomerKey, customerKey } from "./aksKeys.ts";
import { aksKubeconfig } from "./aksKubeconfig.ts";
import { AksModelStore } from "./aksModelStore.ts";
import { knownName } from "./aksNames.ts";
import { AksNetwork, aksBlocks } from "./aksNetwork.ts";
import { aksGpuPools, gpuAgentPools } from "./aksPools.ts";
import { validateAksCluster } from "./aksProblems.ts";
import { assignRole, managedIdentity } from "./aksRoles.ts";
import type { AksScope } from "./aksScope.ts";
import { AksWorkloadIdentity } from "./aksWorkloadIdentity.ts";
import { azureRuleBook } from "./azureRuleBook.ts";
import { managedClusterArgs } from "./managedClusterArgs.ts";

/** Most characters of a cluster's name, which begins the names of its parts: virtual networks have 64 at most. */
export const longestName = 40;

/**
 * A cluster of Azure Kubernetes Service in a resource group of its own, with its network, keys, node pools, model store
 * and audit store. `name` is the name of cluster and resource group; a change of it replaces everything. What a change
 * of an argument replaces is in `docs/clusters/aks.md`. Invalid arguments are refused before anything is made.
 */
export class AksCluster extends Component implements GpuCluster {
  /**
   * Secret, though it has no credential: server and certificate authority, and kubelogin, which gets a token as `login`
   * says. Unknown until the cluster exists.
   */
  readonly kubeconfig: pulumi.Output<string>;
  /** ARM id of the managed cluster. A change replaces all that runs on the cluster. */
  readonly clusterIdentifier: pulumi.Output<string>;
  /** Usable once the cluster is there with its system pool; GPU pools may come later. */
  readonly provider: Provider;
  /** By key in `gpuPools` of the arguments. Known before anything is made. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** Gives service accounts an identity of Entra with access to the model store. */
  readonly workloadIdentity: AksWorkloadIdentity;
  /** `as://<account>/models`. */
  readonly modelStore: ModelStore;
  /** The virtual network, which the other half of a peering names, with the subnet `nodes`. */
  readonly network: ClusterNetwork;
  /** `labels` of the arguments. */
  readonly labels: Readonly<Record<string, string>>;

  constructor(name: string, args: AksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { region, kubernetesVersion, cidr, labels, gpuPools = {}, protect = true } = args;
    const endpoint = args.endpoint?.kind ?? "private";
    super("cluster:AksCluster", name, { region, kubernetesVersion, endpoint, gpuPools: Object.keys(gpuPools) }, opts);
    this.reject([
      ...dnsLabelProblems("name", name, longestName),
      ...ruleNameProblems(azureRuleBook, "name", name),
      ...validateAksCluster(args),
    ]);

    const group = new ResourceGroup(
      this.childName("group"),
      { resourceGroupName: name, location: region, tags: labels },
      { parent: this, protect },
    );
    const scope: AksScope = {
      cluster: name,
      resourceGroupName: knownName(group, name),
      location: region,
      subscription: args.subscription,
      tags: labels,
      protect,
    };
    const blocks = aksBlocks(cidr);
    const network = new AksNetwork(
      this.childName("network"),
      scope,
      { blocks, peerings: args.peerings ?? {} },
      { parent: this },
    );
    const audit = new AksAuditStore(this.childName("audit"), args.auditStore ?? {}, scope, { parent: this });

    const modelKey = this.#key("models", { reachedBy: "azureServices", rotated: true }, args, scope, audit);
    const store = new AksModelStore(
      this.childName("models"),
      { key: modelKey, network, uploadCidrs: args.uploadCidrs ?? [] },
      scope,
      { parent: this },
    );
    audit.record(this.childName("models-log"), "blobs", blobsOf(store.accountId), { parent: this });

    const identity = managedIdentity(this.childName("identity"), scope, { parent: this });
    const etcdKey = this.#key("etcd", { reachedBy: "privateLink", rotated: false }, args, scope, audit);
    const grants = this.#grants(identity, network, etcdKey, scope);
    const cluster = new ManagedCluster(
      this.childName("cluster"),
      managedClusterArgs(args, { scope, identityId: identity.id, blocks, key: etcdKey, ...subnets(network) }),
      // The store before the cluster: while AKS joins the subnets, Storage takes no rule for them.
      { parent: this, dependsOn: [...grants, store], protect, ...ignoreChanges("aksCluster") },
    );
    audit.record(this.childName("log"), "cluster", cluster.id, { parent: this });
    this.#maintenance(knownName(cluster, name), scope);
    gpuAgentPools(
      name,
      gpuPools,
      {
        scope,
        clusterName: knownName(cluster, name),
        nodeSubnetId: network.nodeSubnetId,
        nodesVersion: args.nodesVersion ?? kubernetesVersion,
        zones: args.zones,
        identity,
      },
      { parent: this },
    );

    this.workloadIdentity = new AksWorkloadIdentity(
      this.childName("workload-identity"),
      { resourceGroupId: group.id, containerId: store.containerId, oidcIssuerUrl: issuerOf(cluster) },
      scope,
      { parent: this },
    );
    this.network = { id: network.networkId, subnets: { nodes: network.nodeSubnetId } };
    this.modelStore = { kind: "azureBlob", url: store.url };
    this.gpuPools = aksGpuPools(args);
    this.labels = labels;
    this.clusterIdentifier = cluster.id;
    this.kubeconfig = this.#credentials(cluster, args, scope);
    this.provider = kubernetesProvider(
      this.childName("provider"),
      { kubeconfig: this.kubeconfig, clusterIdentifier: this.clusterIdentifier },
      { parent: this, dependsOn: cluster },
    );
    new RemovalGuard(this.childName("guard"), { of: this, protect }, { parent: this });
    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      clusterIdentifier: this.clusterIdentifier,
      modelStore: store.url,
      network: this.network,
      gpuPools: this.gpuPools,
      labels,
    });
  }

  /** Makes a key of the cluster's; every use of it is recorded. */
  #key(
    purpose: "etcd" | "models",
    kind: { reachedBy: "azureServices" | "privateLink"; rotated: boolean },
    { tenant }: AksClusterArgs,
    scope: AksScope,
    audit: AksAuditStore,
  ): CustomerKey {
    const name = this.childName(`${purpose}-key`);
    const key = customerKey(name, { purpose, tenant, ...kind }, scope, { parent: this });
    audit.record(`${name}-log`, "vault", key.vaultId, { parent: this });
    return key;
  }

  /**
   * Rights that the cluster's identity needs before the cluster is made: on its subnets, to use the key, and to make a
   * private link to the key's vault.
   */
  #grants(
    identity: UserAssignedIdentity,
    { nodeSubnetId, apiServerSubnetId }: AksNetwork,
    { vaultId }: CustomerKey,
    scope: AksScope,
  ): pulumi.Resource[] {
    const needs = {
      nodes: { role: "Network Contributor", on: nodeSubnetId },
      "api-server": { role: "Network Contributor", on: apiServerSubnetId },
      "key-use": { role: "Key Vault Crypto User", on: vaultId },
      "key-link": { role: "Key Vault Contributor", on: vaultId },
    } as const;
    return Object.entries(needs).map(([need, { role, on }]) =>
      assignRole(this.childName(`identity-${need}`), { role, identity, on }, scope, { parent: this }),
    );
  }

  /** Patches of Kubernetes (unless `nodesVersion` is declared) and node images come on Sundays, 01:00 to 07:00 UTC. */
  #maintenance(resourceName: pulumi.Input<string>, { resourceGroupName }: AksScope): void {
    for (const [role, configName] of Object.entries({
      upgrades: "aksManagedAutoUpgradeSchedule",
      "node-images": "aksManagedNodeOSUpgradeSchedule",
    })) {
      new MaintenanceConfiguration(
        this.childName(role),
        {
          configName,
          resourceName,
          resourceGroupName,
          maintenanceWindow: {
            schedule: { weekly: { dayOfWeek: "Sunday", intervalWeeks: 1 } },
            startTime: "01:00",
            utcOffset: "+00:00",
            durationHours: 6,
          },
        },
        { parent: this },
      );
    }
  }

  /** Depends on the cluster's id, so that Azure is asked only once the cluster exists. */
  #credentials(cluster: ManagedCluster, { login = "azurecli", tenant }: AksClusterArgs, scope: AksScope) {
    const { kubeconfigs } = listManagedClusterUserCredentialsOutput(
      {
        resourceGroupName: scope.resourceGroupName,
        resourceName: cluster.id.apply(() => scope.cluster),
        format: "exec",
      },
      { parent: this },
    );
    return pulumi.secret(
      pulumi.all([kubeconfigs, tenant]).apply(([[first], tenantId]) => {
        const credentials = Buffer.from(first?.value ?? "", "base64").toString("utf8");
        return aksKubeconfig(scope.cluster, credentials, login, tenantId);
      }),
    );
  }
}

function subnets({ nodeSubnetId, apiServerSubnetId }: AksNetwork) {
  return { nodeSubnetId, apiServerSubnetId };
}

/**
 * Depends on the id, too: in the preview of a cluster that does not exist yet, the profile alone is absent, not
 * unknown.
 */
function issuerOf(cluster: ManagedCluster): pulumi.Output<string> {
  return pulumi.all([cluster.id, cluster.oidcIssuerProfile]).apply(([, profile]) => profile?.issuerURL ?? "");
}
