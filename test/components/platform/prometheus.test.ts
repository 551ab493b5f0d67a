import { describe, expect, it } from "vitest";
import type { SiteSettings } from "../../../components/cluster/onPrem/siteSettings.ts";
import { stackValues } from "../../../components/platform/prometheus.ts";

interface Stack {
  readonly prometheus: {
    readonly podDisruptionBudget: object;
    readonly prometheusSpec: Record<string, unknown>;
  };
}

const stack = (settings: SiteSettings = {}) => stackValues({ settings }) as unknown as Stack;

describe("the Prometheus that judges releases", () => {
  it("is there when a node is lost or drained: two replicas apart, with a budget", () => {
    const { podDisruptionBudget, prometheusSpec } = stack().prometheus;
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
