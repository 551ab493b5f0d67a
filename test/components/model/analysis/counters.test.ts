import { describe, expect, it } from "vitest";
import {
  failedRequests,
  refusedRequests,
  slowRequests,
  versionCounts,
} from "../../../../components/model/analysis/counters.ts";
import { context, sound } from "../fixtures.ts";
import { type Series, selected } from "./selector.ts";

const hashes = { "canary-hash": "new1", "stable-hash": "old1" };
const failed = failedRequests(context);
const refused = refusedRequests(context);

/** A request as the proxy of a pod counts it. */
const atPod = (labels: Series, pod = "fraud-new1-x1y2z"): Series => ({
  __name__: "istio_requests_total",
  reporter: "destination",
  destination_workload_namespace: "models",
  pod,
  response_code: "200",
  response_flags: "-",
  grpc_response_status: "",
  ...labels,
});

/** A request as the gateway counts it. */
const atGateway = (labels: Series, subset = "canary"): Series => ({
  __name__: "istio_requests_total",
  reporter: "source",
  upstream_cluster: `outbound|8000|${subset}|fraud.models.svc.cluster.local`,
  pod: "istio-ingressgateway-1",
  response_code: "200",
  response_flags: "-",
  grpc_response_status: "",
  ...labels,
});

const timesOf = (counter: { pods: readonly string[]; gateway?: readonly string[] }, series: Series) =>
  selected(counter.pods, series, hashes) + selected(counter.gateway, series, hashes);

describe("a failed request", () => {
  it.each([
    ["an HTTP 500", atPod({ response_code: "500" })],
    ["an HTTP 503 of the sidecar, whose server is gone", atPod({ response_code: "503", response_flags: "UF,URX" })],
    ["a gRPC call that ends with INTERNAL", atPod({ grpc_response_status: "13" })],
    ["a gRPC call that ends with UNKNOWN, which Python raises", atPod({ grpc_response_status: "2" })],
    ["a request that the gateway gave up", atGateway({ response_code: "504", response_flags: "UT" })],
    ["a request for which there was no pod", atGateway({ response_code: "503", response_flags: "UH" })],
    ["a request whose connections failed", atGateway({ response_code: "503", response_flags: "UF,URX" })],
    [
      "a gRPC call that the gateway gave up",
      atGateway({
        upstream_cluster: "outbound|8001|canary|fraud.models.svc.cluster.local",
        response_flags: "UT",
        grpc_response_status: "14",
      }),
    ],
  ])("is %s", (_, series) => {
    expect(timesOf(failed.canary.bad, series)).toBe(1);
    expect(timesOf(failed.stable.bad, series)).toBe(0);
  });

  it.each([
    ["an answer", atPod({})],
    ["a gRPC call that ends with OK", atPod({ grpc_response_status: "0" })],
    ["a request that its caller gave up", atPod({ response_code: "0", response_flags: "DC" })],
    ["a request that its caller gave up at the gateway", atGateway({ response_code: "0", response_flags: "DC" })],
    ["a refused request", atPod({ response_code: "400" })],
    ["a gRPC call that ends with INVALID_ARGUMENT", atPod({ grpc_response_status: "3" })],
    ["a request over the rate", atGateway({ response_code: "429", response_flags: "RL" })],
    ["a gRPC call over the rate", atGateway({ response_flags: "RL", grpc_response_status: "14" })],
    ["a request that another version failed", atPod({ response_code: "500" }, "fraud-old1-x1y2z")],
    ["a request that another model failed", atPod({ response_code: "500" }, "fraud2-new1-x1y2z")],
    ["a timeout of the stable version", atGateway({ response_code: "504", response_flags: "UT" }, "stable")],
  ])("is not %s", (_, series) => {
    expect(timesOf(failed.canary.bad, series)).toBe(0);
  });

  it("is counted once: what a pod answered is not counted at the gateway again", () => {
    expect(timesOf(failed.canary.bad, atPod({ response_code: "503" }))).toBe(1);
    expect(timesOf(failed.canary.bad, atGateway({ response_code: "503" }))).toBe(0);
  });
});

describe("a refused request", () => {
  it.each([
    ["HTTP 400", atPod({ response_code: "400" }), 1],
    ["INVALID_ARGUMENT", atPod({ grpc_response_status: "3" }), 1],
    ["NOT_FOUND", atPod({ grpc_response_status: "5" }), 1],
    ["INTERNAL", atPod({ grpc_response_status: "13" }), 0],
    ["HTTP 500", atPod({ response_code: "500" }), 0],
    ["an answer", atPod({}), 0],
  ])("is counted of both versions: %s", (_, series, times) => {
    expect(timesOf(refused.canary.bad, series)).toBe(times);
    expect(timesOf(refused.stable.bad, { ...series, pod: "fraud-old1-x1y2z" })).toBe(times);
  });
});

it("no request is counted twice, and none is both failed and refused", () => {
  const codes = ["0", "200", "400", "404", "429", "499", "500", "502", "503", "504"];
  const statuses = ["", ...Array.from({ length: 17 }, (_, code) => String(code))];
  for (const response_code of codes) {
    for (const grpc_response_status of statuses) {
      for (const response_flags of ["-", "UT", "UF,URX", "UH", "DC", "RL"]) {
        const labels = { response_code, grpc_response_status, response_flags };
        for (const series of [atPod(labels), atGateway(labels)]) {
          const times = timesOf(failed.canary.bad, series);
          expect(times, JSON.stringify(series)).toBeLessThanOrEqual(1);
          expect(timesOf(failed.canary.total, series)).toBeLessThanOrEqual(1);
          if (times === 1) expect(timesOf(failed.canary.total, series)).toBe(1);
          if (response_code === "200") expect(times + timesOf(refused.canary.bad, series)).toBeLessThanOrEqual(1);
        }
      }
    }
  }
});

it("a slow request is one that is not in the bucket below the objective, in both spellings of Prometheus", () => {
  const { bad, total } = slowRequests(sound, context).canary;
  expect(bad.pods).toEqual(total.pods);
  const bucket = (le: string): Series => ({ ...atPod({}), __name__: "istio_request_duration_milliseconds_bucket", le });
  for (const le of ["145", "145.0"]) expect(selected(bad.less, bucket(le), hashes)).toBe(1);
  for (const le of ["1450", "150", "14510"]) expect(selected(bad.less, bucket(le), hashes)).toBe(0);
  const fast = { ...sound, slo: { ...sound.slo, p99: "20ms" as const } };
  expect(selected(slowRequests(fast, context).canary.bad.less, bucket("19.5"), hashes)).toBe(1);
});

it("what a release is shown by is what its analyses count", () => {
  const { requests, errors, slow } = versionCounts(sound, context);
  for (const selector of failed.canary.bad.pods) expect(errors).toContain(selector);
  expect(requests).toBe(`sum(${failed.canary.total.pods[0]})`);
  expect(slow).toContain("_count");
});
