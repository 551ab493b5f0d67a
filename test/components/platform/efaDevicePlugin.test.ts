import { Provider } from "@pulumi/kubernetes/provider.js";
import { getStack } from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { cloudOf } from "../../../components/cluster/clouds.ts";
import { type EksGpuPoolArgs, efaInterfaces } from "../../../components/cluster/eks/eksPools.ts";
import { gpuTaint } from "../../../components/cluster/gpuPool.ts";
import { EfaDevicePlugin, efaDevicePluginValues } from "../../../components/platform/efaDevicePlugin.ts";
import { shown } from "../../../plan/shownValues.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { declare } from "../../../stacks/program.ts";
import { parseStackName } from "../../../stacks/stackName.ts";
import { recordEnvironment } from "../../recordEnvironment.ts";
import { build, sampleArgs } from "../cluster/eks/sample.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

const pool = (machine: EksGpuPoolArgs["machine"], placement?: EksGpuPoolArgs["placement"]): EksGpuPoolArgs => ({
  machine,
  min: 0,
  max: 1,
  ...(placement === undefined ? {} : { placement }),
});

describe("the plugin is needed", () => {
  it.each<[string, Record<string, EksGpuPoolArgs> | undefined, boolean]>([
    ["where a compact pool has a machine with adapters", { h100: pool("p5.48xlarge", "compact") }, true],
    ["where one of several pools has", { l4: pool("g6.2xlarge"), h100: pool("p5.48xlarge", "compact") }, true],
    ["not where the machine could have adapters and is launched without", { h100: pool("p5.48xlarge") }, false],
    ["not where it is said to be spread", { h100: pool("p5.48xlarge", "spread") }, false],
    ["not where the machine has none", { l4: pool("g6.2xlarge", "compact") }, false],
    ["not where there are no pools", {}, false],
    ["not where none are declared", undefined, false],
  ])("%s", (_, pools, needed) => {
    const spec = { ...prod.clusters["aws-use1"], gpuPools: pools ?? {} };
    expect(cloudOf(spec).needs(spec).includes("efaDevicePlugin")).toBe(needed);
  });
});

it("tolerates the one taint of GPU nodes", () => {
  expect(efaDevicePluginValues().tolerations).toEqual([
    { key: gpuTaint.key, operator: "Exists", effect: gpuTaint.effect },
  ]);
});

it("runs on exactly the nodes that are launched with adapters, whatever machines they are", async () => {
  const { supportedInstanceLabels } = efaDevicePluginValues() as {
    supportedInstanceLabels: { keys: string[]; values: string[] };
  };
  const [key = ""] = supportedInstanceLabels.keys;
  const spread = { ...sampleArgs.gpuPools?.h100, placement: "spread" } as EksGpuPoolArgs;
  const gpuPools = { ...sampleArgs.gpuPools, spread } as Record<string, EksGpuPoolArgs>;
  const result = await recorded(() => {
    build({ ...sampleArgs, gpuPools });
    return {};
  });
  for (const [name, args] of Object.entries(gpuPools)) {
    const group = inputsOf(result, "aws:eks/nodeGroup:NodeGroup", `-pool-${name}-nodes`) as {
      labels: Record<string, string>;
    };
    expect(supportedInstanceLabels.values.includes(group.labels[key] ?? ""), name).toBe(efaInterfaces(args) > 0);
  }
});

it("brings an empty pool up for a pod that asks for adapters, since the autoscaler is told how many a node has", async () => {
  const result = await recorded(() => {
    build();
    return {};
  });
  const tags = result.resources.filter(({ name }) => name.endsWith("/resources/vpc.amazonaws.com/efa"));
  expect(tags.map(({ props }) => shown(props))).toMatchObject([
    { tag: { key: "k8s.io/cluster-autoscaler/node-template/resources/vpc.amazonaws.com/efa", value: "32" } },
  ]);
});

it("installs the pinned chart into kube-system", async () => {
  const result = await recorded(() => {
    const provider = new Provider("k8s", { kubeconfig: "{}", clusterIdentifier: "c" });
    new EfaDevicePlugin("c-efa-device-plugin", { install: {} }, { providers: [provider] });
    return {};
  });
  expect(inputsOf(result, "kubernetes:helm.sh/v4:Chart")).toMatchObject({
    chart: "aws-efa-k8s-device-plugin",
    version: "v0.5.30",
    repositoryOpts: { repo: "https://aws.github.io/eks-charts" },
    namespace: "kube-system",
  });
});

it("comes with the platform of a cluster on AWS that needs it, and with no other", async () => {
  const aws = prod.clusters["aws-use1"];
  const compact = {
    ...aws,
    gpuPools: { ...aws.gpuPools, h100: { ...pool("p5.48xlarge", "compact"), zones: ["us-east-1a"] } },
  };
  const environment = { ...prod, clusters: { ...prod.clusters, "aws-use1": compact, "aws-use2": aws } };
  const stacks = await recordEnvironment("prod", ["cluster", "platform"], {
    project: "serin",
    program: () => declare(parseStackName(getStack(), { prod: environment })),
  });
  const plugins = stacks
    .flatMap(({ resources }) => resources)
    .filter(({ type }) => type === "serin:platform:EfaDevicePlugin");
  expect(plugins.map(({ name }) => name)).toEqual(["aws-use1-efa-device-plugin"]);
});
