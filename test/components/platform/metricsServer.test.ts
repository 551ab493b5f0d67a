import { describe, expect, it } from "vitest";
import { cloudOf } from "../../../components/cluster/clouds.ts";
import type { OnPremClusterSpec } from "../../../components/cluster/onPrem/onPremAdapter.ts";
import { MetricsServer, metricsServerValues } from "../../../components/platform/metricsServer.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { record } from "../../stacks/record.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

describe("the autoscalers of gateway and istiod have something to read:", () => {
  it("EKS gets a metrics server, and the clouds that bring one do not", async () => {
    const made = (await record("prod"))
      .flatMap(({ resources }) => resources)
      .filter(({ type }) => type === "serin:platform:MetricsServer");
    expect(made.map(({ name }) => name)).toEqual(["aws-use1-metrics-server"]);
  });

  it("a site gets one where it says that it has none", () => {
    const site: OnPremClusterSpec = prod.clusters["dc-fra"];
    const needs = (metricsServer: "own" | "install") =>
      cloudOf(site).needs({ ...site, settings: { ...site.settings, metricsServer } });
    expect(needs("install")).toContain("metricsServer");
    expect(needs("own")).toEqual([]);
  });

  it("also while a node is drained", () => {
    const podDisruptionBudget = { enabled: true, maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" };
    expect(metricsServerValues({})).toMatchObject({ replicas: 2, podDisruptionBudget });
    expect(metricsServerValues({ settings: { availability: "single" } })).toMatchObject({
      replicas: 1,
      podDisruptionBudget: { enabled: false },
    });
  });
});

it("the pinned chart is installed into kube-system, from a site's mirrors where it has them", async () => {
  const result = await recorded(() => {
    const registryMirror = { charts: "oci://r.example.com/charts", images: "r.example.com/m" };
    new MetricsServer("c-metrics-server", { install: {}, settings: { registryMirror } });
    return {};
  });
  expect(inputsOf(result, "kubernetes:helm.sh/v4:Chart")).toMatchObject({
    chart: "oci://r.example.com/charts/metrics-server",
    version: "3.13.1",
    namespace: "kube-system",
    values: { image: { repository: "r.example.com/m/metrics-server/metrics-server" } },
  });
});
