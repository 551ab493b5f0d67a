import { describe, expect, it } from "vitest";
import type { AtSite, SiteSettings } from "../../../components/cluster/onPrem/siteSettings.ts";
import { definitionValues, Prometheus, stackValues } from "../../../components/platform/prometheus.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

interface Stack {
  readonly prometheus: {
    readonly podDisruptionBudget: object;
    readonly prometheusSpec: Record<string, unknown>;
  };
}

const stack = (settings: SiteSettings = {}, at: Pick<AtSite, "zones"> = {}) =>
  stackValues({ settings, ...at }) as unknown as Stack;

describe("the Prometheus that judges releases", () => {
  it("is there when a node is lost or drained: two replicas apart, with a budget", () => {
    const { podDisruptionBudget, prometheusSpec } = stack({}, { zones: true }).prometheus;
    expect(prometheusSpec).toMatchObject({
      replicas: 2,
      topologySpreadConstraints: [
        { topologyKey: "topology.kubernetes.io/zone" },
        { topologyKey: "kubernetes.io/hostname" },
      ],
    });
    expect(podDisruptionBudget).toEqual({ enabled: true });
  });

  it("is one on a site of one node, without a budget that would keep it there for ever", () => {
    const { podDisruptionBudget, prometheusSpec } = stack({ availability: "single" }).prometheus;
    expect(prometheusSpec.replicas).toBe(1);
    expect(podDisruptionBudget).toEqual({ enabled: false });
  });

  it.each<SiteSettings>([{}, { availability: "single" }])("is not the first that a full node ends (%o)", (settings) => {
    expect(stack(settings).prometheus.prometheusSpec.resources).toMatchObject({
      requests: { cpu: expect.anything(), memory: expect.anything() },
      limits: { memory: "4Gi" },
    });
  });

  it("reads monitors, rules, probes and scrape configurations of every namespace, whatever their labels", () => {
    expect(stack().prometheus.prometheusSpec).toMatchObject({
      podMonitorSelectorNilUsesHelmValues: false,
      serviceMonitorSelectorNilUsesHelmValues: false,
      ruleSelectorNilUsesHelmValues: false,
      probeSelectorNilUsesHelmValues: false,
      scrapeConfigSelectorNilUsesHelmValues: false,
    });
  });

  it("reports no part of the control plane as down that it cannot reach", () => {
    for (const part of ["kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy"]) {
      expect(stack()).toHaveProperty(part, { enabled: false });
    }
  });
});

describe("the operator's definitions", () => {
  const chart = "kubernetes:helm.sh/v4:Chart";
  const installed = () =>
    recorded(() => {
      new Prometheus("site-prometheus", { install: {} });
      return {};
    });

  it("are those of what runs here and of what Prometheus reads; the rest, most of their bytes, is left out", () => {
    expect(Object.keys(definitionValues.crds).sort()).toEqual([
      "alertmanagerconfigs",
      "alertmanagers",
      "prometheusagents",
      "thanosrulers",
    ]);
    expect(stack()).toMatchObject({ crds: { enabled: false } });
  });

  it("are there before the objects of their kinds", async () => {
    const { resources } = await installed();
    const urnOf = (name: string) => resources.find((resource) => resource.name === name)?.urn;
    const main = resources.find(({ name }) => name === "site-prometheus-chart");
    expect(main?.dependencies).toContain(urnOf("site-prometheus-definitions"));
  });

  it("are the resources that kube-prometheus-stack brought before: an upgrade replaces none of them", async () => {
    const run = await installed();
    const [before, now] = ["-chart", "-definitions"].map((name) => inputsOf(run, chart, name));
    expect(now?.resourcePrefix).toBe(before?.resourcePrefix);
    const parents = run.resources.filter(({ type }) => type === chart).map(({ parent }) => parent);
    expect(new Set(parents).size).toBe(1);
  });
});
