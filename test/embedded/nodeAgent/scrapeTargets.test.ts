import { describe, expect, it } from "vitest";
import type { PodMonitor } from "../../../embedded/nodeAgent/agentClient.ts";
import { type ScrapedPod, scrapeTargets, unsupportedParts } from "../../../embedded/nodeAgent/scrapeTargets.ts";
import { matchesSelector } from "../../../engine/kubernetes/labelSelector.ts";
import { endpointOf, tritonPod } from "./pods.ts";

type Endpoints = NonNullable<NonNullable<PodMonitor["spec"]>["podMetricsEndpoints"]>;

const bothPorts: Endpoints = [
  { port: "metrics", path: "/metrics" },
  { port: "http-envoy-prom", path: "/stats/prometheus" },
];

function monitor(
  podMetricsEndpoints: Endpoints = bothPorts,
  spec: Partial<NonNullable<PodMonitor["spec"]>> = {},
): PodMonitor {
  return {
    metadata: { name: "fraud", namespace: "models" },
    spec: { selector: { matchLabels: { app: "fraud" } }, podMetricsEndpoints, ...spec },
  };
}

function scraped(name: string, address: string, labels: Record<string, string> = {}): ScrapedPod {
  return {
    endpoint: endpointOf(tritonPod(name, { labels }), address),
    container: "triton",
    sidecarStats: "127.9.1.9:15090",
  };
}

describe("the targets of Prometheus", () => {
  it("are empty without a PodMonitor", () => {
    expect(scrapeTargets([], [scraped("a", "127.9.1.1")])).toEqual([]);
  });

  it("include each pod's Triton, with the labels of the Prometheus Operator", () => {
    expect(scrapeTargets([monitor()], [scraped("a", "127.9.1.1")])[0]).toEqual({
      targets: ["127.9.1.1:8002"],
      labels: {
        job: "models/fraud",
        endpoint: "metrics",
        namespace: "models",
        pod: "a",
        container: "triton",
        __metrics_path__: "/metrics",
      },
    });
  });

  it("include the sidecar once for all its pods, so that no request is counted twice", () => {
    const targets = scrapeTargets([monitor()], [scraped("a", "127.9.1.1"), scraped("b", "127.9.1.2")]);
    const sidecars = targets.filter(({ labels }) => labels.container === "istio-proxy");
    expect(sidecars).toHaveLength(1);
    expect(sidecars[0]?.targets).toEqual(["127.9.1.9:15090"]);
    expect(sidecars[0]?.labels).not.toHaveProperty("pod");
  });

  it("contain the same target for the sidecar while pods are added and removed", () => {
    const before = scrapeTargets([monitor()], [scraped("a", "127.9.1.1")]).at(-1);
    expect(scrapeTargets([monitor()], [scraped("a", "127.9.1.1"), scraped("b", "127.9.1.2")]).at(-1)).toEqual(before);
  });

  it("leave out pods that no PodMonitor selects, on the sidecar's page too", () => {
    const other = scraped("c", "127.9.1.3", { app: "other" });
    const targets = scrapeTargets([monitor()], [scraped("a", "127.9.1.1"), other]);
    expect(targets.flatMap(({ targets: [target] }) => target)).toEqual(["127.9.1.1:8002", "127.9.1.9:15090"]);
    const filter = new RegExp(targets.at(-1)?.labels.__param_filter ?? "");
    const statistic = (workload: string) =>
      `istio.requests_total.pod.x.destination_workload.${workload}.destination_workload_namespace.models.response_code.200`;
    expect(filter.test(statistic("fraud"))).toBe(true);
    expect(filter.test(statistic("fraud-2"))).toBe(false);
  });

  it("are in the PodMonitor's namespaces only", () => {
    const pods = [scraped("a", "127.9.1.1")];
    const elsewhere = { ...monitor(), metadata: { name: "fraud", namespace: "other" } };
    expect(scrapeTargets([elsewhere], pods)).toEqual([]);
    const named = monitor(bothPorts, { namespaceSelector: { matchNames: ["models"] } });
    expect(scrapeTargets([{ ...named, metadata: elsewhere.metadata }], pods)).toHaveLength(2);
    const any = monitor(bothPorts, { namespaceSelector: { any: true } });
    expect(scrapeTargets([{ ...any, metadata: elsewhere.metadata }], pods)).toHaveLength(2);
  });

  it("resolve a port by its number, and leave out a port that the pod does not have", () => {
    expect(scrapeTargets([monitor([{ portNumber: 8002 }])], [scraped("a", "127.9.1.1")])[0]?.targets).toEqual([
      "127.9.1.1:8002",
    ]);
    expect(scrapeTargets([monitor([{ port: "nothing" }])], [scraped("a", "127.9.1.1")])).toEqual([]);
  });

  it("have the parameters and the selected pod labels of the PodMonitor", () => {
    const chosen = monitor([{ port: "metrics", params: { model: ["a"] } }], {
      podTargetLabels: ["rollouts-pod-template-hash"],
    });
    expect(scrapeTargets([chosen], [scraped("a", "127.9.1.1")])[0]?.labels).toMatchObject({
      __param_model: "a",
      rollouts_pod_template_hash: "abc",
    });
  });

  it("leave out unsupported fields of a PodMonitor, which are reported", () => {
    expect(unsupportedParts(monitor([{ port: "metrics", metricRelabelings: [] }]))).toEqual([
      "podMetricsEndpoints[0].metricRelabelings",
    ]);
  });
});

describe("a label selector", () => {
  const labels = { app: "fraud", tier: "gold" };

  it.each([
    [{}, true],
    [{ matchLabels: { app: "fraud" } }, true],
    [{ matchLabels: { app: "other" } }, false],
    [{ matchExpressions: [{ key: "tier", operator: "In", values: ["gold", "silver"] }] }, true],
    [{ matchExpressions: [{ key: "tier", operator: "NotIn", values: ["gold"] }] }, false],
    [{ matchExpressions: [{ key: "none", operator: "NotIn", values: ["gold"] }] }, true],
    [{ matchExpressions: [{ key: "tier", operator: "Exists" }] }, true],
    [{ matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, false],
    [{ matchLabels: { app: "fraud" }, matchExpressions: [{ key: "x", operator: "Exists" }] }, false],
  ])("%j matches as in Kubernetes: %s", (selector, matches) => {
    expect(matchesSelector(selector, labels)).toBe(matches);
  });
});
