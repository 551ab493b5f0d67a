import { Provider } from "@pulumi/kubernetes/provider.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { azureRules } from "../../../components/cluster/aks/azureRules.ts";
import { deviceLabels } from "../../../components/cluster/deviceLabels.ts";
import { awsRules } from "../../../components/cluster/eks/awsRules.ts";
import { type GpuPool, gpuTaint, type Sharing } from "../../../components/cluster/gpuPool.ts";
import { onPremRules } from "../../../components/cluster/onPrem/onPremRules.ts";
import type { AtSite } from "../../../components/cluster/onPrem/siteSettings.ts";
import { GpuOperator, type GpuOperatorArgs, validateGpuOperator } from "../../../components/platform/gpuOperator.ts";
import { gpuOperatorValues } from "../../../components/platform/gpuOperatorValues.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

const nodes = { aws: awsRules, azure: azureRules, onPrem: onPremRules };

type Pool = Pick<GpuPool, "sharing" | "driver" | "taints">;

const spotTaint = { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" } as const;
const toleratesGpu = { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" };
const toleratesSpot = { key: "kubernetes.azure.com/scalesetpriority", operator: "Exists", effect: "NoSchedule" };

const pool = (owner: "cloud" | "operator", changes: Partial<Pool> = {}): Pool => ({
  sharing: { kind: "exclusive" },
  driver: { owner },
  taints: [gpuTaint],
  ...changes,
});
const args = (
  cloud: keyof typeof nodes,
  pools: Record<string, Pool>,
  settings: Parameters<typeof gpuOperatorValues>[0]["settings"] = {},
) => ({ nodes: nodes[cloud], pools, install: {}, settings });
const driverPackages = {
  repositories: { "site.list": "deb https://packages.fra.example.com/ubuntu noble main" },
  authorities: { "fra.crt": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" },
};
const preinstalled = pool("operator", { driver: { owner: "preinstalled", version: "580.159.03" } });

it("an upgrade of the driver evicts pods with emptyDirs, as every model's are, after a crash too, and waits for budgets (gpu-operator #367)", () => {
  expect(gpuOperatorValues(args("onPrem", { a: pool("operator") }))).toMatchObject({
    driver: {
      upgradePolicy: { gpuPodDeletion: { deleteEmptyDir: true, timeoutSeconds: 3600 } },
      manager: { env: [{ name: "DRAIN_DELETE_EMPTYDIR_DATA", value: "true" }] },
    },
  });
});

describe("the operator installs what the nodes lack", () => {
  it.each([
    ["nothing on EKS, whose image has both", args("aws", { a: pool("cloud") }), false, false],
    ["driver and toolkit on AKS without AKS' driver", args("azure", { a: pool("operator") }), true, true],
    ["both on AKS when one pool has AKS' driver", args("azure", { a: pool("cloud"), b: pool("operator") }), true, true],
    ["the toolkit beside a driver that is installed already", args("onPrem", { a: preinstalled }), false, true],
    ["both on-prem", args("onPrem", { a: pool("operator") }), true, true],
  ])("%s", (_, given, driver, toolkit) => {
    expect(gpuOperatorValues(given)).toMatchObject({ driver: { enabled: driver }, toolkit: { enabled: toolkit } });
  });

  it("in the version that a pool names, else in the matrix's", () => {
    const named = pool("operator", { driver: { owner: "operator", version: "580.173.02" } });
    expect(gpuOperatorValues(args("onPrem", { a: named }))).toMatchObject({ driver: { version: "580.173.02" } });
    expect(gpuOperatorValues(args("onPrem", { a: pool("operator") }))).toMatchObject({
      driver: { version: "595.91.07" },
    });
  });

  it("under the name that AKS gives its runtime, where AKS installs one", () => {
    const runtime = { operator: { runtimeClass: "nvidia-container-runtime" } };
    expect(gpuOperatorValues(args("azure", { a: pool("cloud"), b: pool("operator") }))).toMatchObject(runtime);
    expect(gpuOperatorValues(args("azure", { b: pool("operator") }))).not.toMatchObject(runtime);
    expect(gpuOperatorValues(args("aws", { a: pool("cloud") }))).not.toMatchObject(runtime);
  });
});

describe("every daemonset runs on every pool", () => {
  it.each([
    ["EKS", args("aws", { a: pool("cloud") }), [toleratesGpu]],
    ["AKS, before there is a spot pool", args("azure", { a: pool("operator") }), [toleratesGpu, toleratesSpot]],
    [
      "AKS, with one",
      args("azure", { a: pool("operator", { taints: [gpuTaint, spotTaint] }) }),
      [toleratesGpu, toleratesSpot],
    ],
    [
      "nodes that somebody else taints",
      args("onPrem", {
        a: pool("operator", { taints: [gpuTaint, { key: "team", value: "ml", effect: "NoExecute" }] }),
      }),
      [toleratesGpu, { key: "team", operator: "Exists", effect: "NoExecute" }],
    ],
  ])("on %s", (_, given, tolerations) => {
    const values = gpuOperatorValues(given) as {
      daemonsets: { tolerations: unknown[] };
      "node-feature-discovery": { worker: { tolerations: unknown[] } };
    };
    expect(values.daemonsets.tolerations).toEqual(tolerations);
    expect(values["node-feature-discovery"].worker.tolerations).toEqual(expect.arrayContaining(tolerations));
  });
});

it("switches off the hooks of the chart, which `helm.v4.Chart` leaves out (pulumi-kubernetes #3284)", () => {
  expect(gpuOperatorValues(args("onPrem", { a: pool("operator") }))).toMatchObject({
    operator: { upgradeCRD: false },
    "node-feature-discovery": { postDeleteCleanup: false },
  });
});

describe("sharing", () => {
  const configOf = (sharings: Sharing[]) =>
    (
      gpuOperatorValues(
        args("onPrem", Object.fromEntries(sharings.map((sharing, i) => [`p${i}`, pool("operator", { sharing })]))),
      ) as { devicePlugin: { config?: { name: string; data: Record<string, string> } } }
    ).devicePlugin.config;
  const slicing = (replicas: number): Sharing => ({ kind: "timeSlicing", replicas });

  it("has a configuration under the name that the nodes' label asks for", () => {
    const sharings: Sharing[] = [slicing(4), { kind: "mps", clients: 8 }];
    const data = configOf(sharings)?.data ?? {};
    expect(Object.keys(data).sort()).toEqual(
      sharings
        .map(
          (sharing) =>
            deviceLabels(nodes.onPrem, { sharing, driver: { owner: "operator" } })["nvidia.com/device-plugin.config"],
        )
        .sort(),
    );
    expect(parse(data["time-slicing-4"] ?? "")).toEqual({
      version: "v1",
      sharing: {
        timeSlicing: { failRequestsGreaterThanOne: true, resources: [{ name: "nvidia.com/gpu", replicas: 4 }] },
      },
    });
    expect(parse(data["mps-8"] ?? "")).toEqual({
      version: "v1",
      sharing: { mps: { failRequestsGreaterThanOne: true, resources: [{ name: "nvidia.com/gpu", replicas: 8 }] } },
    });
  });

  it("needs none where GPUs are whole or cut", () => {
    expect(configOf([{ kind: "exclusive" }, { kind: "mig", profile: "1g.10gb" }])).toBeUndefined();
  });

  it("changes the ConfigMap's name with its content, and with nothing else", () => {
    expect(configOf([slicing(4), slicing(8)])?.name).toBe(configOf([slicing(8), slicing(4), slicing(4)])?.name);
    expect(configOf([slicing(4)])?.name).not.toBe(configOf([slicing(5)])?.name);
  });

  it("by MIG reboots a virtual machine, and no machine of one's own", () => {
    const reboots = { migManager: { env: [{ name: "WITH_REBOOT", value: "true" }] } };
    expect(gpuOperatorValues(args("aws", { a: pool("cloud") }))).toMatchObject(reboots);
    expect(gpuOperatorValues(args("onPrem", { a: pool("operator") }))).toMatchObject({ migManager: { env: [] } });
  });
});

describe("a site of one's own", () => {
  const site = (settings: Parameters<typeof args>[2]) =>
    gpuOperatorValues(args("onPrem", { a: pool("operator") }, settings));

  it.each(["k3s", "rke2"] as const)("with %s is found by its socket and nothing else", (runtime) => {
    expect(site({ runtime })).toMatchObject({
      toolkit: { env: [{ name: "CONTAINERD_SOCKET", value: "/run/k3s/containerd/containerd.sock" }] },
    });
  });

  it("with another containerd, or CRI-O, is found by the operator", () => {
    expect(site({})).toMatchObject({ toolkit: { env: [] } });
  });

  it("behind a proxy fetches kernel headers through it", () => {
    expect(site({ proxy: { httpsProxy: "http://proxy:3128", noProxy: [".svc"] } })).toMatchObject({
      driver: {
        env: [
          { name: "HTTPS_PROXY", value: "http://proxy:3128" },
          { name: "https_proxy", value: "http://proxy:3128" },
          { name: "NO_PROXY", value: ".svc" },
          { name: "no_proxy", value: ".svc" },
        ],
      },
    });
  });

  it("without a way to public repositories builds the driver from its own, and trusts its authority", () => {
    const values = site({ driverPackages });
    expect(values).toMatchObject({
      driver: {
        repoConfig: { configMapName: expect.stringMatching(/^driver-repositories-[0-9a-f]{8}$/) },
        certConfig: { name: expect.stringMatching(/^driver-authorities-[0-9a-f]{8}$/) },
      },
    });
    const changed = site({
      driverPackages: { ...driverPackages, repositories: { "site.list": "deb https://b main" } },
    });
    const names = [values, changed].map(
      ({ driver }) => (driver as { repoConfig: { configMapName: string } }).repoConfig,
    );
    expect(names[0]).not.toEqual(names[1]);
  });

  it("with a mirror pulls every image of a running operand from it", () => {
    const mirrored = site({ registryMirror: { images: "r.example.com/m" } });
    expect(mirrored).toMatchObject({
      operator: { repository: "r.example.com/m/nvidia" },
      validator: { repository: "r.example.com/m/nvidia" },
      driver: { repository: "r.example.com/m/nvidia", manager: { repository: "r.example.com/m/nvidia/cloud-native" } },
      toolkit: { repository: "r.example.com/m/nvidia/k8s" },
      devicePlugin: { repository: "r.example.com/m/nvidia" },
      gfd: { repository: "r.example.com/m/nvidia" },
      migManager: { repository: "r.example.com/m/nvidia/cloud-native" },
      dcgmExporter: { repository: "r.example.com/m/nvidia/k8s" },
      "node-feature-discovery": { image: { repository: "r.example.com/m/nfd/node-feature-discovery" } },
    });
    const preinstalled = gpuOperatorValues({
      ...args("aws", { a: pool("cloud") }),
      settings: { registryMirror: { images: "r.example.com/m" } },
    });
    expect(preinstalled.driver).toEqual({
      enabled: false,
      manager: { repository: "r.example.com/m/nvidia/cloud-native" },
    });
  });
});

it("refuses two versions of the operator's driver in one cluster", () => {
  const version = (wanted: string) => pool("operator", { driver: { owner: "operator", version: wanted } });
  const pools = { a: version("580.173.02"), b: pool("operator"), c: pool("cloud"), d: version("580.173.02") };
  expect(validateGpuOperator({ nodes: nodes.azure, pools, install: {} })).toEqual([
    {
      path: 'gpuPools["b"].driver.version',
      reason: '"595.91.07" is not "580.173.02" of gpuPools["a"], and the operator installs one driver in a cluster.',
      fix: "Write the same version, or put the pools into two clusters.",
    },
  ]);
});

describe("the component", () => {
  const chartType = "kubernetes:helm.sh/v4:Chart";
  const run = (given: GpuOperatorArgs & AtSite) =>
    recorded(() => {
      const provider = new Provider("k8s", { kubeconfig: "{}", clusterIdentifier: "c" });
      new GpuOperator("c-gpu-operator", given, { providers: [provider] });
      return {};
    });

  it("makes what the driver container downloads from before the chart, where the operator installs a driver", async () => {
    const at = { nodes: nodes.onPrem, settings: { driverPackages }, install: {} };
    const made = await run({ ...at, pools: { a: pool("operator") } });
    expect(inputsOf(made, "kubernetes:core/v1:ConfigMap", "driver-repositories")).toMatchObject({
      metadata: { namespace: "gpu-operator" },
      data: driverPackages.repositories,
    });
    expect(inputsOf(made, "kubernetes:core/v1:ConfigMap", "driver-authorities")).toMatchObject({
      data: driverPackages.authorities,
    });
    const without = await run({ ...at, pools: { a: preinstalled } });
    expect(without.resources.filter(({ type }) => type === "kubernetes:core/v1:ConfigMap")).toEqual([]);
  });

  it("installs the pinned chart into a namespace whose pods may be privileged", async () => {
    const result = await run({ nodes: nodes.aws, pools: { a: pool("cloud") }, install: {} });
    expect(inputsOf(result, "kubernetes:core/v1:Namespace")).toMatchObject({
      metadata: { name: "gpu-operator", labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
    });
    expect(inputsOf(result, chartType)).toMatchObject({
      chart: "gpu-operator",
      version: "v26.7.0",
      repositoryOpts: { repo: "https://helm.ngc.nvidia.com/nvidia" },
      namespace: "gpu-operator",
    });
  });

  it("installs nothing where the operator runs already", async () => {
    const { resources } = await run({ nodes: nodes.onPrem, pools: {}, adopt: {} });
    expect(resources.map(({ type }) => type)).toEqual([
      "pulumi:pulumi:Stack",
      "pulumi:providers:kubernetes",
      "serin:platform:GpuOperator",
    ]);
  });

  it("cannot look at an operator of a site that only pulls manifests", () => {
    const settings = { access: { kind: "rendered", directory: "rendered" } } as const;
    expect(validateGpuOperator({ nodes: nodes.onPrem, pools: {}, adopt: {}, settings })).toMatchObject([
      { path: "adopt", fix: "Write install: {}." },
    ]);
  });
});
