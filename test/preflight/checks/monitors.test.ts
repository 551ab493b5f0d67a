import { describe, expect, it } from "vitest";
import { objectLabels } from "../../../components/model/objectNames.ts";
import { podLabels } from "../../../components/model/tritonPod.ts";
import type { PodMonitorFacts, PrometheusFacts } from "../../../preflight/clusterFacts.ts";
import { podMonitorFacts, prometheusFacts } from "../../../preflight/readObjects.ts";
import { facts, needs, verdict } from "../cluster.ts";

const adopting = needs({
  systems: { prometheus: "adopt" },
  models: [{ name: "fraud", monitorLabels: objectLabels("fraud"), podLabels: podLabels("fraud", "1") }],
});
const asked = (prometheuses: PrometheusFacts[], podMonitors: PodMonitorFacts[] = []) =>
  verdict("monitors", facts({ prometheuses, podMonitors }), adopting);

const open = prometheusFacts({
  metadata: { namespace: "monitoring", name: "k8s" },
  spec: { podMonitorSelector: {}, podMonitorNamespaceSelector: {} },
});

describe("an adopted Prometheus", () => {
  it("reads the models' monitors where its selectors are open", () => {
    expect(asked([open])).toMatchObject({ status: "passed", found: "monitoring/k8s reads 1 PodMonitor" });
  });

  it("reads none of them with the label that kube-prometheus-stack asks for by default, and no release would ever be decided", () => {
    const byRelease = { ...open, monitorSelector: { matchLabels: { release: "kube-prometheus-stack" } } };
    expect(asked([byRelease])).toMatchObject({
      status: "failed",
      found: "Prometheus monitoring/k8s reads no PodMonitor of fraud",
      fix: expect.stringContaining("podMonitorSelectorNilUsesHelmValues: false"),
    });
    expect(asked([byRelease, open]).status).toBe("passed");
  });

  it("reads none without a selector, and none of another namespace without a selector of namespaces", () => {
    const { monitorSelector: _, ...none } = open;
    expect(asked([none]).status).toBe("failed");
    const { namespaceSelector: __, ...own } = open;
    expect(asked([own]).status).toBe("failed");
    expect(asked([{ ...own, namespace: "models" }]).status).toBe("passed");
  });

  it("finds the models' namespace by its name", () => {
    const named = { matchLabels: { "kubernetes.io/metadata.name": "models" } };
    expect(asked([{ ...open, namespaceSelector: named }]).status).toBe("passed");
    const other = { matchLabels: { "kubernetes.io/metadata.name": "shop" } };
    expect(asked([{ ...open, namespaceSelector: other }]).status).toBe("failed");
  });

  it("is not known where the operator runs none", () => {
    expect(asked([])).toMatchObject({ status: "notApplicable", found: "no Prometheus of the operator runs here" });
  });
});

describe("a second monitor of the models' proxies", () => {
  const monitor = (endpoint: object) =>
    podMonitorFacts({
      metadata: { namespace: "istio-system", name: "proxies" },
      spec: { namespaceSelector: { any: true }, selector: {}, podMetricsEndpoints: [endpoint] },
    });
  const proxies = monitor({ path: "/stats/prometheus" });

  it("counts each request twice", () => {
    expect(asked([open], [proxies])).toMatchObject({
      status: "warning",
      found: "PodMonitor istio-system/proxies reads the models' proxies too, so that requests count twice",
    });
  });

  it("is none where it leaves the models out, is not read, is ours, or reads something else", () => {
    const expressions = [{ key: "serin.dev/server", operator: "DoesNotExist" }];
    for (const harmless of [
      { ...proxies, selector: { matchExpressions: expressions } },
      { ...proxies, namespaces: ["shop"] },
      { ...proxies, labels: objectLabels("fraud") },
      monitor({ path: "/metrics" }),
    ]) {
      expect(asked([open], [harmless]).status).toBe("passed");
    }
    const ownNamespace = { matchLabels: { "kubernetes.io/metadata.name": "models" } };
    expect(asked([{ ...open, namespaceSelector: ownNamespace }], [proxies]).status).toBe("passed");
  });

  it("is not Istio's sample, which reads pods that are annotated for scraping, as models' are not", () => {
    const sample = monitor({
      path: "/stats/prometheus",
      relabelings: [{ action: "keep", sourceLabels: ["__meta_kubernetes_pod_annotationpresent_prometheus_io_scrape"] }],
    });
    expect(asked([open], [sample]).status).toBe("passed");
  });
});

it("nothing is asked where Prometheus is installed, whose selectors are ours", () => {
  const installing = needs({ ...adopting, systems: { prometheus: "install" } });
  expect(verdict("monitors", facts(), installing).status).toBe("notApplicable");
});
