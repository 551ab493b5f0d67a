import { describe, expect, it } from "vitest";
import type { AksClusterArgs } from "../../../../components/cluster/aks/aksArgs.ts";
import type { RecordedResource } from "../../../../engine/recordedResource.ts";
import { shown, unknownShown } from "../../../../plan/shownValues.ts";
import { inputsOf, type Recorded, recorded } from "../harness.ts";
import { answers, build, reservation, sampleArgs, sampleName } from "./sample.ts";

const managedCluster = "azure-native:containerservice:ManagedCluster";
const agentPool = "azure-native:containerservice:AgentPool";
const roleAssignment = "azure-native:authorization:RoleAssignment";

const program = (args: AksClusterArgs) => () => {
  const { kubeconfig, clusterIdentifier, workloadIdentity } = build(args);
  workloadIdentity.bind("models", "fraud", { access: "read", prefix: "fraud" });
  return { kubeconfig, clusterIdentifier };
};
const run = (args: AksClusterArgs = sampleArgs) => recorded(program(args), answers);

/** Of the sample, once for all tests that only look at it: as if it were there, and as a preview in which nothing is. */
const sample = await run();
const preview = await recorded(program(sampleArgs));

/** Everything a resource waits for, and is deleted before. */
function needs({ resources }: Recorded, name: string): string[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const found = new Set<RecordedResource>();
  const visit = (resource: RecordedResource | undefined) => {
    for (const urn of resource?.dependencies ?? []) {
      const next = byUrn.get(urn);
      if (next === undefined || found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(resources.find((resource) => resource.name === name && resource.custom));
  return [...found].map((resource) => resource.name);
}

describe("the cluster", () => {
  it("lets nobody in but through Entra, on an address of its own network", () => {
    const cluster = inputsOf(sample, managedCluster);
    expect(cluster).toMatchObject({
      enableRBAC: true,
      disableLocalAccounts: true,
      aadProfile: { managed: true, enableAzureRBAC: true, adminGroupObjectIDs: sampleArgs.admins },
      apiServerAccessProfile: {
        disableRunCommand: true,
        enableVnetIntegration: true,
        subnetId: "prod-azure-weu-network-api-server-id",
        enablePrivateCluster: true,
        privateDNSZone: "none",
        enablePrivateClusterPublicFQDN: true,
      },
    });
    expect(cluster.apiServerAccessProfile).not.toHaveProperty("authorizedIPRanges");
  });

  it("lets the named addresses in when it is public", async () => {
    const { apiServerAccessProfile } = inputsOf(
      await run({ ...sampleArgs, endpoint: { kind: "public", cidrs: ["203.0.113.0/24"] } }),
      managedCluster,
    );
    expect(apiServerAccessProfile).toMatchObject({
      enablePrivateCluster: false,
      authorizedIPRanges: ["203.0.113.0/24"],
      enableVnetIntegration: true,
    });
  });

  it("enforces network policies, and keeps nodes, services and pods apart", () => {
    expect(inputsOf(sample, managedCluster).networkProfile).toMatchObject({
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      networkPolicy: "cilium",
      podCidr: "100.64.0.0/10",
      serviceCidr: "10.32.128.0/18",
      dnsServiceIP: "10.32.128.10",
    });
  });

  it("encrypts its secrets with a key that only it reaches", () => {
    const result = sample;
    expect(inputsOf(result, managedCluster).securityProfile).toMatchObject({
      workloadIdentity: { enabled: true },
      azureKeyVaultKms: {
        enabled: true,
        keyId: expect.stringMatching(/^https:\/\/prodazurewetcd.*\/keys\/key\/[0-9a-f]{32}$/),
        keyVaultNetworkAccess: "Private",
        keyVaultResourceId: "prod-azure-weu-etcd-key-vault-id",
      },
    });
    expect(inputsOf(result, "azure-native:keyvault:Vault", "etcd-key-vault").properties).toMatchObject({
      enableRbacAuthorization: true,
      enablePurgeProtection: true,
      softDeleteRetentionInDays: 90,
      publicNetworkAccess: "Disabled",
      networkAcls: { defaultAction: "Deny", bypass: "None" },
    });
  });

  it("has one pool inline, with no taint, whose count is the autoscaler's", () => {
    const result = sample;
    const { agentPoolProfiles } = inputsOf(result, managedCluster);
    expect(agentPoolProfiles).toEqual([
      expect.objectContaining({
        name: "system",
        mode: "System",
        vmSize: "Standard_D4ds_v5",
        minCount: 3,
        availabilityZones: ["1", "2", "3"],
        enableEncryptionAtHost: true,
        enableNodePublicIP: false,
      }),
    ]);
    expect(result.resources.find(({ type }) => type === managedCluster)?.ignoreChanges).toEqual([
      "agentPoolProfiles[0].count",
    ]);
  });

  it("names the version of no pool in its own request, as AKS wants where pools are apart (Azure/AKS #4765)", () => {
    const cluster = inputsOf(sample, managedCluster);
    expect(cluster.kubernetesVersion).toBe("1.35");
    for (const pool of cluster.agentPoolProfiles as object[]) expect(pool).not.toHaveProperty("orchestratorVersion");
  });

  it("is patched inside of a window only", () => {
    const result = sample;
    expect(inputsOf(result, managedCluster).autoUpgradeProfile).toEqual({
      upgradeChannel: "patch",
      nodeOSUpgradeChannel: "NodeImage",
    });
    const configuration = "azure-native:containerservice:MaintenanceConfiguration";
    expect(inputsOf(result, configuration, "upgrades").configName).toBe("aksManagedAutoUpgradeSchedule");
    expect(inputsOf(result, configuration, "node-images").configName).toBe("aksManagedNodeOSUpgradeSchedule");
  });

  it("may do what it must on its subnets and its key, and nothing else", () => {
    const { resources } = sample;
    const principal = "principal-of-prod-azure-weu-identity";
    const granted = resources
      .filter(({ type, props }) => type === roleAssignment && props.principalId === principal)
      .map(({ props }) => `${String(props.roleDefinitionId).split("/").at(-1)} on ${String(props.scope)}`)
      .sort();
    expect(granted).toEqual([
      "12338af0-0e69-4776-bea7-57ae8d297424 on prod-azure-weu-etcd-key-vault-id",
      "4d97b98b-1d4f-4787-a291-c67834d212e7 on prod-azure-weu-network-api-server-id",
      "4d97b98b-1d4f-4787-a291-c67834d212e7 on prod-azure-weu-network-nodes-id",
      `b24988ac-6180-42a0-ab88-20f7382dd24c on ${reservation}`,
      "f25e0fa2-a7c8-4377-a976-54943a77a395 on prod-azure-weu-etcd-key-vault-id",
    ]);
  });
});

describe("an upgrade of Kubernetes", () => {
  const versions = async (kubernetesVersion: "1.34" | "1.35", nodesVersion?: "1.34" | "1.35") => {
    const { t4, "t4-spot": spot } = sampleArgs.gpuPools;
    const args = { ...sampleArgs, kubernetesVersion, gpuPools: { t4, "t4-spot": spot } };
    const result = await recorded(program(nodesVersion === undefined ? args : { ...args, nodesVersion }));
    const cluster = inputsOf(result, managedCluster);
    const pools = result.resources.filter(({ type }) => type === agentPool).map(({ props }) => props);
    return {
      controlPlane: cluster.kubernetesVersion,
      pools: [...new Set(pools.map(({ orchestratorVersion }) => orchestratorVersion))],
      patches: (cluster.autoUpgradeProfile as { upgradeChannel: string }).upgradeChannel,
    };
  };

  it("goes by requests of their own, which spot pools and automatic patches ask for: patches off, control plane, pools, patches on", async () => {
    expect([
      await versions("1.34"),
      await versions("1.34", "1.34"),
      await versions("1.35", "1.34"),
      await versions("1.35", "1.35"),
      await versions("1.35"),
    ]).toEqual([
      { controlPlane: "1.34", pools: ["1.34"], patches: "patch" },
      { controlPlane: "1.34", pools: ["1.34"], patches: "none" },
      { controlPlane: "1.35", pools: ["1.34"], patches: "none" },
      { controlPlane: "1.35", pools: ["1.35"], patches: "none" },
      { controlPlane: "1.35", pools: ["1.35"], patches: "patch" },
    ]);
  });

  it("has every pool wait for the control plane", () => {
    const pools = sample.resources.filter(({ type }) => type === agentPool);
    expect(pools.length).toBeGreaterThan(1);
    for (const { name } of pools) expect(needs(sample, name)).toContain("prod-azure-weu-cluster");
  });
});

describe("a bound service account", () => {
  it("gets its tokens from this cluster, and models from this cluster's store", () => {
    expect(inputsOf(sample, "azure-native:managedidentity:FederatedIdentityCredential")).toMatchObject({
      issuer: "https://westeurope.oic.prod-aks.azure.com/99999999-8888-7777-6666-555555555555/1/",
      resourceGroupName: sampleName,
    });
    expect(inputsOf(sample, roleAssignment, "models_fraud-models").scope).toBe("prod-azure-weu-models-container-id");
    expect(inputsOf(preview, "azure-native:managedidentity:FederatedIdentityCredential").issuer).toBe(unknownShown);
  });
});

describe("order", () => {
  it("has subnets, rights and the key before the cluster, and still has them when the cluster goes", () => {
    expect(needs(sample, "prod-azure-weu-cluster")).toEqual(
      expect.arrayContaining([
        "prod-azure-weu-group",
        "prod-azure-weu-network-nodes",
        "prod-azure-weu-network-api-server",
        "prod-azure-weu-etcd-key",
        "prod-azure-weu-identity-nodes",
        "prod-azure-weu-identity-api-server",
        "prod-azure-weu-identity-key-use",
        "prod-azure-weu-identity-key-link",
      ]),
    );
  });

  it("makes the model store while its network is at rest: after every subnet and peering, before AKS joins (azure-rest-api-specs #11143)", async () => {
    const id = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub";
    const result = await recorded(program({ ...sampleArgs, peerings: { hub: id } }));
    expect(needs(result, "prod-azure-weu-models")).toEqual(
      expect.arrayContaining([
        "prod-azure-weu-network-nodes",
        "prod-azure-weu-network-api-server",
        "prod-azure-weu-network-to-hub",
      ]),
    );
    expect(needs(result, "prod-azure-weu-cluster")).toContain("prod-azure-weu-models");
    expect(needs(result, "prod-azure-weu-pool-t4")).toContain("prod-azure-weu-models");
  });

  it("takes down what runs on the cluster before the cluster, and waits for no GPU pool", () => {
    const needed = needs(sample, "prod-azure-weu-provider");
    expect(needed).toContain("prod-azure-weu-cluster");
    expect(needed.filter((name) => name.includes("-pool-"))).toEqual([]);
  });

  it("refuses to be removed before a pool, a log or a right of it is gone", () => {
    const guard = sample.resources.find(({ type }) => type === "serin:cluster:RemovalGuard");
    const nameOf = new Map(sample.resources.map(({ urn, name }) => [urn, name]));
    expect(guard?.protect).toBe(true);
    expect(guard?.dependencies.map((urn) => nameOf.get(urn))).toEqual(
      expect.arrayContaining(["prod-azure-weu-pool-t4", "prod-azure-weu-log", "prod-azure-weu-identity-nodes"]),
    );
  });

  it("has the same edges when nothing is known yet", () => {
    for (const name of ["prod-azure-weu-provider", "prod-azure-weu-cluster", "prod-azure-weu-pool-a100"]) {
      expect(needs(preview, name).sort()).toEqual(needs(sample, name).sort());
    }
  });
});

describe("GPU pools", () => {
  it("may use reserved capacity before they are made", () => {
    expect(needs(sample, "prod-azure-weu-pool-a100")).toContain("prod-azure-weu-reservation-a100");
  });

  it("draw on one reservation with one right", async () => {
    const { a100 } = sampleArgs.gpuPools;
    const { resources } = await run({ ...sampleArgs, gpuPools: { a100, more: a100 } });
    expect(resources.filter(({ type, props }) => type === roleAssignment && props.scope === reservation)).toHaveLength(
      1,
    );
  });

  it("draw on two reservations of one name with two rights, and on one in other letters with one", async () => {
    const { a100 } = sampleArgs.gpuPools;
    const from = (id: string) => ({ ...a100, purchase: { kind: "reserved", reservation: id } }) as const;
    const other = reservation.replace("/resourceGroups/capacity/", "/resourceGroups/reserve/");
    const gpuPools = {
      a100,
      same: from(reservation.replace("/resourceGroups/", "/resourcegroups/")),
      other: from(other),
    };
    const result = await run({ ...sampleArgs, gpuPools });
    const grants = result.resources.filter(({ name }) => name.includes("-reservation-"));
    expect(grants.map(({ props }) => props.scope)).toEqual([reservation, other]);
    expect(grants[0]?.name).toBe("prod-azure-weu-reservation-a100");
    expect(needs(result, "prod-azure-weu-pool-same")).toContain(grants[0]?.name);
    expect(needs(result, "prod-azure-weu-pool-other")).toContain(grants[1]?.name);
  });

  it("are close together in a placement group that is replaced with them", () => {
    const result = sample;
    const group = inputsOf(result, "azure-native:compute:ProximityPlacementGroup");
    const pool = inputsOf(result, agentPool, "pool-h100");
    expect(pool.proximityPlacementGroupID).toBe("prod-azure-weu-pool-h100-placement-id");
    expect(group).toMatchObject({ proximityPlacementGroupName: pool.agentPoolName, zones: ["2"] });
  });

  it("leave their count to the autoscaler", () => {
    const pools = sample.resources.filter(({ type }) => type === agentPool);
    expect(pools.map(({ ignoreChanges }) => ignoreChanges)).toEqual(pools.map(() => ["count"]));
  });
});

it("refuses a name that leaves no room for the names of its parts", async () => {
  const name = "c".repeat(41);
  const run = recorded(() => {
    build(sampleArgs, name);
    return {};
  });
  await expect(run).rejects.toThrow(`name: "${name}" is not a DNS label of at most 40 characters`);
});

describe("in a preview of what is not there yet", () => {
  it("asks Azure for nothing, and does not invent a kubeconfig", () => {
    expect(shown(preview.outputs)).toEqual({ kubeconfig: unknownShown, clusterIdentifier: unknownShown });
  });

  it("knows where everything goes, and its name", () => {
    const native = preview.resources.filter(({ type }) => type.startsWith("azure-native:"));
    const groups = native.flatMap(({ props }) => props.resourceGroupName ?? []);
    expect(groups.length).toBeGreaterThan(30);
    expect(new Set(groups)).toEqual(new Set([sampleName]));
    expect(inputsOf(preview, "azure-native:storage:StorageAccount", "weu-models").accountName).toMatch(
      /^prodazurmodels/,
    );
  });
});
