import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { KubernetesClient } from "../../../engine/kubernetes/kubernetesClient.ts";
import type { AnalysisView } from "../../../rehearsal/cluster/clusterView.ts";
import { PrometheusClient } from "../../../rehearsal/cluster/prometheus.ts";
import { type EvidenceArgs, releaseEvidence } from "../../../rehearsal/cluster/releaseEvidence.ts";
import { context, sound } from "../../components/model/fixtures.ts";
import { kubeconfigOf } from "../../engine/kubernetes/kubeconfig.fixture.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** An API server that answers every query through its proxy with this value. */
async function clusterWith(value: string): Promise<{ client: KubernetesClient; asked: URL[] }> {
  const asked: URL[] = [];
  const created = createServer((request, response) => {
    asked.push(new URL(request.url ?? "", "http://cluster"));
    response.end(JSON.stringify({ data: { result: [{ value: [0, value] }] } }));
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  return {
    client: new KubernetesClient(kubeconfigOf(`http://127.0.0.1:${(created.address() as AddressInfo).port}`)),
    asked,
  };
}

const analysis = (more: Partial<AnalysisView>): AnalysisView => ({
  name: "fraud-1",
  step: undefined,
  phase: "Running",
  message: "",
  startedAt: "2026-01-01T00:00:00Z",
  metrics: [],
  ...more,
});
const rollout = { currentHash: "new1", stableHash: "old1", stepWeights: [5, 5, 20, 20, 100] };

function args(prometheus: PrometheusClient | undefined, analyses: AnalysisView[], more: Partial<EvidenceArgs> = {}) {
  if (prometheus === undefined) throw new Error("there is no way to Prometheus");
  return releaseEvidence({ ...context, prometheus, model: sound, rollout, analyses, ...more });
}

it("asks the Prometheus of a cluster through the API server, with the hashes of both versions", async () => {
  const { client, asked } = await clusterWith("0");
  const address = "http://prometheus-operated.monitoring.svc.cluster.local:9090";
  const found = await args(PrometheusClient.throughCluster(client, address, undefined), [
    analysis({ step: 1, metrics: [{ name: "errors", phase: "Running", message: "", measurements: 1 }] }),
  ]);
  expect(new Set(asked.map(({ pathname }) => pathname))).toEqual(
    new Set(["/api/v1/namespaces/monitoring/services/http:prometheus-operated:9090/proxy/api/v1/query"]),
  );
  const queries = asked.map(({ searchParams }) => searchParams.get("query") ?? "");
  expect(queries.join()).toContain("fraud-new1-.+");
  expect(queries.join()).toContain("fraud-old1-.+");
  expect(queries.join()).not.toContain("{{");
  expect(asked.every(({ searchParams }) => searchParams.get("time") === null)).toBe(true);
  expect(found).toMatchObject([{ metric: "errors", step: 1, verdict: "noData", allowed: 0.001 }]);
});

it("looks at the moment when a metric failed, since its pods are gone afterwards", async () => {
  const { client, asked } = await clusterWith("1000");
  const measuredAt = "2026-01-01T00:05:00Z";
  const [failed] = await args(
    PrometheusClient.throughCluster(client, "http://prometheus.monitoring.svc:80", undefined),
    [analysis({ metrics: [{ name: "errors", phase: "Failed", message: "", measurements: 3, measuredAt }] })],
  );
  expect(asked.every(({ searchParams }) => searchParams.get("time") === measuredAt)).toBe(true);
  expect(failed).toMatchObject({ at: measuredAt, verdict: "failed" });
});

it("finds no way to a Prometheus that is no Service of the cluster", async () => {
  const { client } = await clusterWith("0");
  for (const address of ["https://prometheus.example.com", "http://10.0.0.1:9090"]) {
    expect(PrometheusClient.throughCluster(client, address, undefined)).toBeUndefined();
  }
});

it("says nothing while both versions are the same", async () => {
  const { client, asked } = await clusterWith("0");
  const prometheus = PrometheusClient.throughCluster(client, "http://prometheus.monitoring.svc:80", undefined);
  const metrics = [{ name: "errors", phase: "Successful", message: "", measurements: 1 }];
  const over = { rollout: { ...rollout, stableHash: "new1" } };
  expect(await args(prometheus, [analysis({ metrics })], over)).toEqual([]);
  expect(asked).toEqual([]);
});
