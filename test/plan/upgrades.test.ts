import { afterEach, describe, expect, it } from "vitest";
import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import { type ChartPin, charts } from "../../components/core/charts.ts";
import type { KubernetesVersion } from "../../components/core/kubernetesVersions.ts";
import { pinnedVersions, systemCluster, systems, systemVersions } from "../../components/platform/systems.ts";
import { versionProblems } from "../../components/platform/versions/versionMatrix.ts";
import { changesBetween } from "../../plan/changes.ts";
import type { PlanDocument } from "../../plan/planDocument.ts";
import { shown } from "../../plan/shownValues.ts";
import type { Environment } from "../../stacks/environments/environment.ts";
import { validateEnvironment } from "../../stacks/environments/environment.ts";
import { prod } from "../../stacks/environments/prod.ts";
import { furtherEnvironments } from "../charts/furtherEnvironments.ts";
import { recordLayers } from "../recordLayers.ts";
import { memoryPlan } from "./memoryPlan.ts";

const chartType = "kubernetes:helm.sh/v4:Chart";
const pins: Record<string, { -readonly [Field in keyof ChartPin]: ChartPin[Field] }> = charts as never;
const shipped = structuredClone(pins);
function restorePins(): void {
  for (const [key, pin] of Object.entries(shipped)) Object.assign(pins[key] ?? {}, pin);
}
afterEach(restorePins);

/** What is deployed, as a plan with `--json` has written it. */
async function deployed(environment: Environment): Promise<PlanDocument> {
  const plan = await planned(environment);
  const [stack] = plan.stacks;
  const resources = [];
  for await (const some of stack?.resources() ?? []) resources.push(...some);
  const { stack: name = "", missingConfig = [], policies } = stack ?? {};
  return {
    environment: environment.name,
    releases: [],
    exemptions: [],
    stacks: [{ stack: name, missingConfig, policies, resources }],
  } as PlanDocument;
}

async function planned(environment: Environment) {
  const resources = await recordLayers(environment);
  return memoryPlan(resources.map(({ urn, type, name, props }) => ({ urn, type, name, inputs: shown(props) })));
}

/** `<kind> <type> <name>: <path> <before> → <after>`, one line for each input. */
async function changes(before: PlanDocument, after: Environment): Promise<string[]> {
  return (await changesBetween(before, await planned(after))).flatMap(({ kind, resource: { type, name }, inputs }) =>
    inputs.length === 0
      ? [`${kind} ${type} ${name}`]
      : inputs.map(({ path, before: was, after: is }) => `${kind} ${type} ${name}: ${path} ${was} → ${is}`),
  );
}

/** The clusters with another version of Kubernetes, those of a site as they are. */
function kubernetes(version: KubernetesVersion, nodesVersion: KubernetesVersion): Environment {
  const { "aws-use1": aws, "azure-weu": azure, "gcp-euw4": gcp, "dc-fra": site } = prod.clusters;
  return {
    ...prod,
    clusters: {
      "aws-use1": { ...aws, kubernetesVersion: version },
      "azure-weu": { ...azure, kubernetesVersion: version, nodesVersion },
      "gcp-euw4": { ...gcp, kubernetesVersion: version },
      "dc-fra": site,
    },
  };
}

/** The resources that install a chart. */
function chartsOf({ stacks }: PlanDocument) {
  return stacks.flatMap(({ resources }) => resources).filter(({ type }) => type === chartType);
}

/** The resources that install a pinned chart. */
function chartsIn(plan: PlanDocument, pin: ChartPin) {
  return chartsOf(plan).filter(({ inputs }) => {
    const { chart, version } = inputs as Partial<ChartPin>;
    return chart === pin.chart && version === pin.version;
  });
}

describe("the next version of a chart", () => {
  it("changes it in place on every cluster that has it, and nothing else, whichever chart it is", async () => {
    const using = new Set<string>();
    for (const environment of [prod, ...furtherEnvironments]) {
      const before = await deployed(environment);
      // Another version for each, so that a line says which pin it follows from.
      const expected = Object.entries(pins).flatMap(([key, { app, ...pin }], index) => {
        const names = chartsIn(before, pin).map(({ name }) => name);
        if (names.length > 0) using.add(key);
        return names.flatMap((name) => [
          `update ${chartType} ${name}: version ${pin.version} → 999.0.${index}`,
          ...(app === undefined ? [] : [`update ${chartType} ${name}: values.controller.image.tag v${app} → v999.1.0`]),
        ]);
      });
      for (const [index, pin] of Object.values(pins).entries()) {
        pin.version = `999.0.${index}`;
        if (pin.app !== undefined) pin.app = "999.1.0";
      }
      expect((await changes(before, environment)).sort()).toEqual(expected.sort());
      restorePins();
    }
    expect([...using].sort()).toEqual(Object.keys(shipped).sort());
  });

  it("is planned for every system that has a version; the others have none of their own", async () => {
    const withCharts = new Set<string>();
    const seen = new Set<string>();
    for (const environment of [prod, ...furtherEnvironments]) {
      const charted = chartsOf(await deployed(environment)).map(({ name }) => name);
      for (const [cluster, spec] of Object.entries<ClusterSpec>(environment.clusters)) {
        const { modes } = systemCluster(environment, cluster, spec, environment.platform);
        for (const [key, { componentName }] of Object.entries(systems)) {
          if (modes[key] === "none") continue;
          seen.add(key);
          if (charted.some((name) => name.startsWith(`${cluster}-${componentName}-`))) withCharts.add(key);
        }
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(systems).sort());
    // A StorageClass, a namespace and PodMonitors, all of them ours.
    const ours = ["ebsStorageClass", "modelNamespace", "systemMonitors"];
    expect([...seen].filter((key) => !withCharts.has(key)).sort()).toEqual(ours);
  });

  it("of Istio reaches a cluster in order: definitions, control plane, gateway, and what waits for it", async () => {
    const resources = await recordLayers(prod);
    const dependenciesOf = (name: string) =>
      resources.find((resource) => resource.name === name)?.dependencies.map((urn) => urn.split("::").at(-1)) ?? [];
    expect(dependenciesOf("dc-fra-istio-istiod")).toContain("dc-fra-istio-base");
    expect(dependenciesOf("dc-fra-istio-ingressgateway")).toContain("dc-fra-istio-istiod");
    expect(dependenciesOf("dc-fra-istio-strict-mtls")).toEqual(
      expect.arrayContaining(["dc-fra-istio-istiod", "dc-fra-istio-ingressgateway"]),
    );
  });

  it("of Istio is one version for all three of its charts", () => {
    expect(new Set([charts.istioBase, charts.istiod, charts.istioGateway].map(({ version }) => version)).size).toBe(1);
  });

  it.each([
    ["istio", "1.32.0"],
    ["argoRollouts", "1.10.0"],
    ["gpuOperator", "27.1.0"],
    ["kubePrometheusStack", "89.0.0"],
  ])("of %s is refused while the matrix does not know it", (system, version) => {
    const key = system === "kubePrometheusStack" ? "prometheus" : system;
    const known = systemVersions();
    expect(versionProblems({ kubernetes: "1.35", systems: pinnedVersions() }, known)).toEqual([]);
    expect(versionProblems({ kubernetes: "1.35", systems: { ...pinnedVersions(), [key]: version } }, known)).toEqual([
      expect.objectContaining({ reason: expect.stringContaining(version) }),
    ]);
  });
});

describe("Kubernetes one minor version up", () => {
  it("changes the control planes in place; on EKS the nodes after it, and the autoscaler's release", async () => {
    const found = await changes(await deployed(kubernetes("1.34", "1.34")), kubernetes("1.35", "1.34"));
    const from = "1.34 → 1.35";
    expect(found.sort()).toEqual(
      [
        `update serin:cluster:EksCluster prod-aws-use1: kubernetesVersion ${from}`,
        `update aws:eks/cluster:Cluster prod-aws-use1-control-plane-cluster: version ${from}`,
        `update aws:eks/nodeGroup:NodeGroup prod-aws-use1-system: version ${from}`,
        `update aws:eks/nodeGroup:NodeGroup prod-aws-use1-pool-l4-nodes: version ${from}`,
        `update aws:eks/nodeGroup:NodeGroup prod-aws-use1-pool-l4-spot-nodes: version ${from}`,
        `update serin:platform:ClusterAutoscaler aws-use1-cluster-autoscaler: kubernetesVersion ${from}`,
        `update ${chartType} aws-use1-cluster-autoscaler-chart: values.image.tag v1.34.5 → v1.35.2`,
        `update serin:cluster:AksCluster prod-azure-weu: kubernetesVersion ${from}`,
        `update azure-native:containerservice:ManagedCluster prod-azure-weu-cluster: kubernetesVersion ${from}`,
        `update serin:cluster:GkeCluster prod-gcp-euw4: kubernetesVersion ${from}`,
        `update gcp:container/cluster:Cluster prod-gcp-euw4-cluster: minMasterVersion ${from}`,
      ].sort(),
    );
  });

  it("on EKS waits with the nodes for the control plane", async () => {
    const resources = await recordLayers(kubernetes("1.35", "1.35"));
    const groups = resources.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
    expect(groups).toHaveLength(3);
    const cluster = "::prod-aws-use1-control-plane-cluster";
    for (const { name, dependencies, propertyDependencies } of groups) {
      const all = [...dependencies, ...Object.values(propertyDependencies).flat()];
      expect(
        all.some((urn) => urn.endsWith(cluster)),
        name,
      ).toBe(true);
    }
  });

  it("on AKS changes the GPU pools by a step of their own", async () => {
    const found = await changes(await deployed(kubernetes("1.35", "1.34")), kubernetes("1.35", "1.35"));
    expect(found).toEqual([
      "update azure-native:containerservice:AgentPool prod-azure-weu-pool-t4: orchestratorVersion 1.34 → 1.35",
    ]);
  });

  it("is refused while a system is not tested on it, with the version that is", () => {
    expect(validateEnvironment(kubernetes("1.36", "1.36"))).toContainEqual({
      path: 'clusters["aws-use1"].kubernetesVersion',
      reason: expect.stringContaining("Argo Rollouts"),
      fix: expect.stringContaining('kubernetesVersion "1.35"'),
    });
  });
});

describe("another GPU driver", () => {
  const drivers = (version: string): Environment => {
    const { "azure-weu": azure, "dc-fra": site, ...others } = prod.clusters;
    const driver = { owner: "operator", version } as const;
    return {
      ...prod,
      clusters: {
        ...others,
        "azure-weu": { ...azure, gpuPools: { t4: { ...azure.gpuPools.t4, driver } } },
        "dc-fra": { ...site, gpuPools: { l4: { ...site.gpuPools.l4, driver } } },
      },
    };
  };

  it("of the operator changes the values of its chart alone: no pool, no model", async () => {
    const found = await changes(await deployed(drivers("580.173.02")), drivers("595.91.07"));
    const ofChart = (cluster: string) =>
      `update ${chartType} ${cluster}-gpu-operator-chart: values.driver.version 580.173.02 → 595.91.07`;
    expect(found.filter((line) => !line.startsWith("update serin:")).sort()).toEqual(
      [ofChart("azure-weu"), ofChart("dc-fra")].sort(),
    );
  });

  it("is refused where the operator does not offer it", () => {
    expect(validateEnvironment(drivers("550.54.15"))).toContainEqual({
      path: 'clusters["dc-fra"].gpuPools["l4"].driver',
      reason: expect.stringContaining("was not released with driver 550.54.15 but with"),
      fix: expect.stringContaining('Write driver { owner: "operator", version: "580.173.02" }'),
    });
  });
});
