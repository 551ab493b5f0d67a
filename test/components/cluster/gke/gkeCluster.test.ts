import { describe, expect, it } from "vitest";
import type { GkeClusterArgs } from "../../../../components/cluster/gke/gkeArgs.ts";
import { gkeGpuPools } from "../../../../components/cluster/gke/gkePools.ts";
import { validateGkeCluster } from "../../../../components/cluster/gke/gkeProblems.ts";
import type { RecordedResource } from "../../../../engine/recordedResource.ts";
import { type Answers, inputsOf, type Recorded, recorded } from "../harness.ts";
import { answers, build, sampleArgs } from "./sample.ts";

const clusterType = "gcp:container/cluster:Cluster";
const run = (args: GkeClusterArgs = sampleArgs, name?: string) => recorded(() => void build(args, name), answers);
const control = async (args?: GkeClusterArgs) => inputsOf(await run(args), clusterType);

describe("the control plane", () => {
  it("is regional, over the zones, and patched by GKE within the minor version that is ours", async () => {
    expect(await control()).toMatchObject({
      name: "gcp-euw4",
      location: "europe-west4",
      nodeLocations: sampleArgs.zones,
      minMasterVersion: "1.35",
      releaseChannel: { channel: "EXTENDED" },
    });
  });

  it("may be maintained as long as GKE asks for: 48 hours in any 32 days", async () => {
    const { maintenancePolicy } = (await control()) as {
      maintenancePolicy: { recurringWindow: { startTime: string; endTime: string; recurrence: string } };
    };
    const { startTime, endTime, recurrence } = maintenancePolicy.recurringWindow;
    const hours = (Date.parse(endTime) - Date.parse(startTime)) / 3_600_000;
    const days = recurrence.replace(/^FREQ=WEEKLY;BYDAY=/, "").split(",").length;
    expect(hours).toBeGreaterThanOrEqual(4);
    expect(hours * days * 4).toBeGreaterThanOrEqual(48);
    expect(new Date(startTime).getUTCDay()).toBe(2);
  });

  it("enforces network policies, encrypts Secrets with our key, and knows workloads by name", async () => {
    expect(await control()).toMatchObject({
      networkingMode: "VPC_NATIVE",
      datapathProvider: "ADVANCED_DATAPATH",
      ipAllocationPolicy: { clusterSecondaryRangeName: "pods", servicesSecondaryRangeName: "services" },
      databaseEncryption: { state: "ENCRYPTED", keyName: "gcp-euw4-keys-secrets-id" },
      workloadIdentityConfig: { workloadPool: "serin-prod.svc.id.goog" },
    });
  });

  it("has none of the older ways in", async () => {
    expect(await control()).toMatchObject({
      enableLegacyAbac: false,
      masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
      anonymousAuthenticationConfig: { mode: "LIMITED" },
      rbacBindingConfig: {
        enableInsecureBindingSystemAuthenticated: false,
        enableInsecureBindingSystemUnauthenticated: false,
      },
      nodePoolDefaults: { nodeConfigDefaults: { insecureKubeletReadonlyPortEnabled: "FALSE" } },
      enableShieldedNodes: true,
      binaryAuthorization: { evaluationMode: "PROJECT_SINGLETON_POLICY_ENFORCE" },
      securityPostureConfig: { mode: "BASIC" },
    });
  });

  it("logs what its API server does", async () => {
    const { loggingConfig } = (await control()) as { loggingConfig: { enableComponents: string[] } };
    expect(loggingConfig.enableComponents).toEqual(
      expect.arrayContaining(["APISERVER", "SYSTEM_COMPONENTS", "WORKLOADS"]),
    );
  });

  it("starts with nodes of our account only, and no change of them later replaces it", async () => {
    const recordedRun = await run();
    expect(inputsOf(recordedRun, clusterType)).toMatchObject({
      removeDefaultNodePool: true,
      nodeConfig: { serviceAccount: "gcp-euw4-nodes@serin-prod.iam.gserviceaccount.com" },
    });
    expect(only(recordedRun, clusterType).ignoreChanges).toEqual(["initialNodeCount", "nodeConfig"]);
  });

  it("starts with small disks that are no SSDs: a new project has 250 GB of them (terraform-google-kubernetes-engine #1795)", async () => {
    expect((await control()).nodeConfig).toMatchObject({ diskType: "pd-standard", diskSizeGb: 20 });
  });

  it("is protected by Google, too, and by neither when told so", async () => {
    expect((await control()).deletionProtection).toBe(true);
    expect((await control({ ...sampleArgs, protect: false })).deletionProtection).toBe(false);
  });
});

describe("webhooks", () => {
  const firewall = "gcp:compute/firewall:Firewall";

  it("are called by the control plane, on their ports of our nodes and no others", async () => {
    expect(inputsOf(await run({ ...sampleArgs, webhookPorts: [9443, 15017] }), firewall)).toMatchObject({
      name: "gcp-euw4-webhooks",
      network: "gcp-euw4-network-vpc-id",
      direction: "INGRESS",
      allows: [{ protocol: "tcp", ports: ["9443", "15017"] }],
      sourceRanges: ["10.64.64.0/19"],
      targetServiceAccounts: ["gcp-euw4-nodes@serin-prod.iam.gserviceaccount.com"],
    });
  });

  it("are called from the control plane's own block where GKE peers its network", async () => {
    const peered: Answers = {
      outputs: {
        ...answers.outputs,
        "gcp:container/cluster:Cluster": (inputs, name) => ({
          ...answers.outputs?.["gcp:container/cluster:Cluster"]?.(inputs, name),
          privateClusterConfig: { privateEndpoint: "172.16.0.2", masterIpv4CidrBlock: "172.16.0.0/28" },
        }),
      },
    };
    const recordedRun = await recorded(() => void build({ ...sampleArgs, webhookPorts: [15017] }), peered);
    expect(inputsOf(recordedRun, firewall).sourceRanges).toEqual(["10.64.64.0/19", "172.16.0.0/28"]);
  });

  it("need no rule where there are none", async () => {
    expect((await run()).resources.map(({ type }) => type)).not.toContain(firewall);
  });
});

describe("people and nodes", () => {
  it("administer this cluster and no other of the project, not even one whose name begins the same", async () => {
    const admin = inputsOf(await run(), "gcp:projects/iAMMember:IAMMember", "admin-group:platform@example.com");
    expect(admin).toEqual({
      project: "serin-prod",
      role: "roles/container.admin",
      member: "group:platform@example.com",
      condition: {
        title: "cluster-gcp-euw4",
        expression:
          'resource.name == "projects/serin-prod/locations/europe-west4/clusters/gcp-euw4" || resource.name.startsWith("projects/serin-prod/locations/europe-west4/clusters/gcp-euw4/")',
      },
    });
  });

  it("have one role as nodes", async () => {
    const { resources } = await run();
    const roles = resources.filter(
      ({ type, name }) => type === "gcp:projects/iAMMember:IAMMember" && !name.includes("-admin-"),
    );
    expect(roles.map(({ props }) => [props.role, props.member])).toEqual([
      ["roles/container.defaultNodeServiceAccount", "serviceAccount:gcp-euw4-nodes@serin-prod.iam.gserviceaccount.com"],
    ]);
  });
});

describe("order", () => {
  it("takes nodes down before NAT, roles and keys, and keys only after the cluster", async () => {
    const recordedRun = await run();
    const needs = (name: string, needed: string) =>
      dependenciesOf(recordedRun, named(recordedRun, name)).has(named(recordedRun, needed).urn);
    for (const pool of ["gcp-euw4-system", "gcp-euw4-pool-l4"]) {
      expect(needs(pool, "gcp-euw4-cluster")).toBe(true);
      expect(needs(pool, "gcp-euw4-network-nat")).toBe(true);
      expect(needs(pool, "gcp-euw4-nodes-role")).toBe(true);
      expect(needs(pool, "gcp-euw4-keys-disks-user")).toBe(true);
    }
    expect(needs("gcp-euw4-cluster", "gcp-euw4-keys-secrets-user")).toBe(true);
    expect(needs("gcp-euw4-cluster", "gcp-euw4-network-nat")).toBe(true);
  });

  it("lets what runs on the cluster go while nodes, network and the right to remove it are still there", async () => {
    const recordedRun = await run();
    const needed = dependenciesOf(recordedRun, named(recordedRun, "gcp-euw4-provider"));
    for (const name of ["system", "network-nat", "cluster", "admin-group:platform@example.com"]) {
      expect(needed).toContain(named(recordedRun, `gcp-euw4-${name}`).urn);
    }
    expect(needed).not.toContain(named(recordedRun, "gcp-euw4-pool-l4").urn);
  });

  it("refuses a removal before anything is removed", async () => {
    const recordedRun = await recorded(() => {
      build().workloadIdentity.bind("models", "fraud", { access: "read", prefix: "fraud" });
      return {};
    }, answers);
    expect(firstDeleted(recordedRun).map(({ name, protect }) => [name, protect])).toEqual([["gcp-euw4-guard", true]]);
  });

  it("never replaces a pool because it was resized", async () => {
    for (const { type, ignoreChanges } of (await run()).resources) {
      if (type === "gcp:container/nodePool:NodePool") expect(ignoreChanges).toEqual(["initialNodeCount"]);
    }
  });

  it("is the provider's own in every resource", async () => {
    for (const { type, provider } of (await run()).resources) {
      if (type.startsWith("gcp:")) expect([type, provider?.name]).toEqual([type, "gcp"]);
    }
  });
});

describe("what is published of the pools", () => {
  it("is what pods may ask for", () => {
    expect(gkeGpuPools(sampleArgs).slices).toMatchObject({
      gpu: "H100-80GB",
      gpusPerNode: 56,
      driver: { owner: "cloud" },
      nodeSelector: { "serin.dev/gpu-class": "H100-80GB.mig-1g.10gb" },
    });
    expect(gkeGpuPools(sampleArgs).shared).toMatchObject({ gpusPerNode: 4, spot: true });
  });

  it("counts the GPUs that are attached", () => {
    const pools = { t4: { machine: "n1-standard-32", min: 0, max: 1, gpusPerNode: 4 } } as const;
    expect(gkeGpuPools({ gpuPools: pools }).t4).toMatchObject({ gpu: "T4", gpusPerNode: 4 });
  });
});

describe("arguments", () => {
  it("are right as the sample has them", () => {
    expect(validateGkeCluster(sampleArgs)).toEqual([]);
  });

  it("are refused with every problem at once, by the path that was typed", async () => {
    const args: GkeClusterArgs = {
      ...sampleArgs,
      admins: ["ada"],
      endpoint: { kind: "public", cidrs: [] },
      gpuPools: { "h-100": { machine: "a3-highgpu-8g", min: 0, max: 1, gpusPerNode: 2 } },
    };
    expect(validateGkeCluster(args)).toEqual([
      {
        path: "admins[0]",
        reason: '"ada" is not a member of IAM.',
        fix: 'Write, for example, "group:platform@example.com", "user:…" or "serviceAccount:…".',
      },
      {
        path: "endpoint.cidrs",
        reason: "there is none, so nobody could reach the public address.",
        fix: 'Write the networks your pipelines run in, or { kind: "dns" }.',
      },
      {
        path: 'gpuPools["h-100"].gpusPerNode',
        reason: '"a3-highgpu-8g" has its 8 GPUs built in.',
        fix: "Leave it out.",
      },
    ]);
    await expect(run(args)).rejects.toThrow('GkeCluster "gcp-euw4" has invalid arguments:');
  });

  it("are refused with what all clouds refuse", () => {
    const paths = validateGkeCluster({ ...sampleArgs, region: "us-east-1", admins: [] }).map(({ path }) => path);
    expect(paths).toEqual(["region", "admins"]);
  });

  it.each(["ada@example.com", "user:ada", "domain:example.com", "user:ada @example.com"])(
    "refuse the admin %j",
    (admin) => {
      expect(validateGkeCluster({ ...sampleArgs, admins: [admin] }).map(({ path }) => path)).toEqual(["admins[0]"]);
    },
  );

  it("refuse a name that is too long for GKE", async () => {
    await expect(run(sampleArgs, "c".repeat(41))).rejects.toThrow(
      `name: "${"c".repeat(41)}" is not a DNS label of at most 40 characters`,
    );
  });

  it("take a name that is too long for an account, which is then named by a part of it", async () => {
    const { accountId } = inputsOf(await run(sampleArgs, "c".repeat(40)), "gcp:serviceaccount/account:Account");
    expect(accountId).toMatch(/^c+-[0-9a-f]{8}$/);
    expect(String(accountId).length).toBeLessThanOrEqual(30);
  });

  it("refuse a block that pods would outgrow, and name one that is large enough", () => {
    const gpuPools = { l4: { machine: "g2-standard-12", min: 0, max: 60 } } as const;
    const small = { ...sampleArgs, cidr: "10.64.0.0/20", gpuPools };
    expect(validateGkeCluster(small)).toEqual([
      {
        path: "cidr",
        reason: '"10.64.0.0/20" gives pods 2048 addresses, but nodes take 4736 of them when every pool is at its most.',
        fix: "Write a /18, or lower max of the pools.",
      },
    ]);
    expect(validateGkeCluster({ ...small, cidr: "10.64.0.0/18" })).toEqual([]);
  });

  it("say so when no block is large enough", () => {
    const gpuPools = { l4: { machine: "g2-standard-12", min: 0, max: 5000 } } as const;
    expect(validateGkeCluster({ ...sampleArgs, cidr: "10.64.0.0/16", gpuPools }).map(({ fix }) => fix)).toEqual([
      "Lower max of the pools.",
    ]);
  });
});

function named({ resources }: Recorded, name: string): RecordedResource {
  const found = resources.filter((resource) => resource.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} resources named ${name}`);
  return found[0];
}

function only({ resources }: Recorded, type: string): RecordedResource {
  const found = resources.filter((resource) => resource.type === type);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} resources ${type}`);
  return found[0];
}

/**
 * What the engine deletes first, all at once: those with the longest way to what nothing else needs (pulumi/pulumi
 * `pkg/resource/deploy/step_generator.go`, `ScheduleDeletes`).
 */
function firstDeleted({ resources }: Recorded): readonly RecordedResource[] {
  const byUrn = new Map(resources.map((each) => [each.urn, each]));
  const lengths = new Map<string, number>();
  const length = ({ urn, dependencies, parent, provider }: RecordedResource): number => {
    const needed = [
      ...dependencies,
      ...(parent === undefined ? [] : [parent]),
      ...(provider === undefined ? [] : [provider.urn]),
    ];
    const known = lengths.get(urn);
    if (known !== undefined) return known;
    const found = 1 + Math.max(0, ...needed.flatMap((each) => byUrn.get(each) ?? []).map(length));
    lengths.set(urn, found);
    return found;
  };
  const most = Math.max(...resources.map(length));
  return resources.filter((resource) => length(resource) === most);
}

/** URNs that a resource needs, directly or through others. */
function dependenciesOf({ resources }: Recorded, resource: RecordedResource): Set<string> {
  const byUrn = new Map(resources.map((each) => [each.urn, each]));
  const found = new Set<string>();
  const visit = (urns: readonly string[]) => {
    for (const urn of urns) {
      if (found.has(urn)) continue;
      found.add(urn);
      visit(byUrn.get(urn)?.dependencies ?? []);
    }
  };
  visit(resource.dependencies);
  return found;
}
