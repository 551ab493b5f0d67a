import { expect, it } from "vitest";
import { manifests } from "./record.ts";

const objects = await manifests("local");

it("gives the entry to us and the release to the controller", () => {
  const entry = objects["VirtualService models/fraud"] as {
    spec: { hosts: string[]; http: { delegate: unknown; timeout: string }[] };
  };
  const release = objects["VirtualService models/fraud-release"] as {
    spec: { hosts?: string[]; http: { name: string }[] };
  };
  expect(entry.spec.hosts).toEqual(["fraud.models.local"]);
  expect(entry.spec.http[0]).toMatchObject({ timeout: "5s", delegate: { name: "fraud-release", namespace: "models" } });
  expect(release.spec.hosts).toBeUndefined();
  expect(release.spec.http.map(({ name }) => name)).toEqual(["grpc", "primary"]);
});

it("names the port of every destination, since Istio would take the gateway's", () => {
  const release = objects["VirtualService models/fraud-release"] as {
    spec: { http: { route: { destination: { port?: { number: number } } }[] }[] };
  };
  const ports = release.spec.http.map(({ route }) => route.map(({ destination }) => destination.port?.number));
  expect(ports).toEqual([
    [8001, 8001],
    [8000, 8000],
  ]);
});

it("scrapes the model and its sidecar once each", () => {
  const monitor = objects["PodMonitor models/fraud"] as { spec: { podMetricsEndpoints: { port: string }[] } };
  expect(monitor.spec.podMetricsEndpoints.map(({ port }) => port)).toEqual(["metrics", "http-envoy-prom"]);
});

it("has an analysis for every template the Rollout names", () => {
  const rollout = JSON.stringify(objects["Rollout models/fraud"]);
  const named = [...rollout.matchAll(/"templateName":"([^"]+)"/g)].map(([, name]) => `AnalysisTemplate models/${name}`);
  expect(named.length).toBe(5);
  for (const template of named) expect(objects).toHaveProperty([template]);
});
