import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { guardTemplate } from "../../components/model/analysis/templates.ts";
import {
  type DeclaredTemplate,
  declaredTemplates,
  guarded,
  queriesOf,
} from "../components/model/analysis/declaredTemplates.ts";
import { context } from "../components/model/fixtures.ts";
import { promtoolPath } from "./promtool.ts";

// What analyses ask, by the tool that comes with Prometheus.

const directory = mkdtempSync(join(tmpdir(), "serin-promtool-"));
let promtool: string;

beforeAll(async () => {
  promtool = await promtoolPath();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(...args: string[]): string {
  try {
    return execFileSync(promtool, args, { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}\n${stderr}`);
  }
}

const file = (name: string, content: unknown): string => {
  const path = join(directory, name);
  writeFileSync(path, stringify(content));
  return path;
};

const rulesOf = (queries: readonly [string, string][]) => ({
  groups: [{ name: "queries", rules: queries.map(([record, expr]) => ({ record, expr })) }],
});

it("promtool accepts every query of every template that is declared", () => {
  const queries = declaredTemplates().flatMap((template) =>
    queriesOf(template).map(([name, query]): [string, string] => [
      `${template.title} ${name}`.replaceAll(/[^a-zA-Z0-9]/g, "_"),
      query,
    ]),
  );
  expect(queries.length).toBeGreaterThan(20);
  expect(run("check", "rules", "--lint=none", file("all.yaml", rulesOf(queries)))).toContain("SUCCESS");
  expect(() => run("check", "rules", file("wrong.yaml", rulesOf([["wrong", "sum(up"]])))).toThrow(/parse error/);
});

const guards = new Map(
  queriesOf({
    ...(guardTemplate(guarded, guarded.release as never, context) as unknown as DeclaredTemplate),
    title: "guard",
  }),
);
const pod = (hash: string) => `namespace="models",pod="fraud-${hash}-x1"`;
const exported = (hash: string) =>
  `namespace="gpu-operator",pod="dcgm-1",exported_namespace="models",exported_pod="fraud-${hash}-x1"`;

/** Expects the value of a query at a time, of series that have a sample every 15 seconds. */
function expectAt(name: string, series: Record<string, string>, at: string, value: number | undefined): void {
  const expected = value === undefined ? [] : [{ labels: "{}", value }];
  const rules = {
    evaluation_interval: "15s",
    tests: [
      {
        interval: "15s",
        input_series: Object.entries(series).map(([selector, values]) => ({ series: selector, values })),
        promql_expr_test: [{ expr: guards.get(name), eval_time: at, exp_samples: expected }],
      },
    ],
  };
  run("test", "rules", file("test.yaml", rules));
}

describe("the guard of errors", () => {
  const request = (labels: string) =>
    `istio_requests_total{reporter="destination",destination_workload_namespace="models",${pod("abc")},${labels}}`;
  const undelivered = (flag: string, code: string) =>
    `istio_requests_total{reporter="source",upstream_cluster="outbound|8000|canary|fraud.models.svc.cluster.local",response_flags="${flag}",response_code="${code}"}`;
  const there = { [`up{${pod("abc")},endpoint="metrics"}`]: "1x40" };
  const answers = { [request('response_code="200",grpc_response_status="0"')]: "0+100x40" };

  it("fails a version whose gRPC calls end with INTERNAL, not one that refuses calls", () => {
    const ended = (status: number) => ({
      ...there,
      ...answers,
      [request(`response_code="200",grpc_response_status="${status}"`)]: status === 0 ? "0x40" : "0+5x40",
    });
    expectAt("errors", ended(13), "5m", 2);
    expectAt("errors", ended(3), "5m", 0);
  });

  it("fails a version that the gateway gives up on, though its pods saw no failure", () => {
    expectAt("errors", { ...there, ...answers, [undelivered("UT", "504")]: "0+2x40" }, "5m", 2);
    expectAt("errors", { ...there, ...answers, [undelivered("DC", "0")]: "0+2x40" }, "5m", 0);
  });

  it("fails a version that no request reaches, and none before its pods are there", () => {
    expectAt("errors", { ...there, [undelivered("UF,URX", "503")]: "0+2x40" }, "5m", 2);
    expectAt("errors", { [undelivered("UF,URX", "503")]: "0+2x40" }, "5m", undefined);
    const later = { [`up{${pod("abc")},endpoint="metrics"}`]: "_x20 1x20" };
    expectAt("errors", { ...later, ...answers, [undelivered("UH", "503")]: "0+9x16 144x24" }, "9m", 0);
  });
});

describe("the guard of a version's load", () => {
  it("fails a version whose GPU is above the bound for two minutes, by either name of the pod's label", () => {
    for (const labels of [pod, exported]) {
      const busy = { [`DCGM_FI_DEV_GPU_UTIL{${labels("abc")}}`]: "99x40" };
      expectAt("gpu-utilization", busy, "5m", 2);
      expectAt("gpu-utilization", busy, "1m", 0);
      const once = { [`DCGM_FI_DEV_GPU_UTIL{${labels("abc")}}`]: "99x16 50 99x40" };
      expectAt("gpu-utilization", once, "5m", 0);
      expectAt("gpu-utilization", once, "9m", 2);
    }
  });

  it("fails none while the stable version is above it too, and none without data", () => {
    const both = {
      [`DCGM_FI_DEV_GPU_UTIL{${pod("abc")}}`]: "99x40",
      [`DCGM_FI_DEV_GPU_UTIL{${pod("def")}}`]: "97x40",
    };
    expectAt("gpu-utilization", both, "5m", undefined);
    expectAt("gpu-utilization", { [`DCGM_FI_DEV_GPU_UTIL{${pod("def")}}`]: "97x40" }, "5m", undefined);
    expectAt("gpu-memory", {}, "5m", undefined);
    expectAt("queue-time", {}, "5m", undefined);
    expectAt("gpu-errors", {}, "5m", undefined);
  });

  it("reads memory as used of used and free", () => {
    const memory = (used: number) => ({
      [`DCGM_FI_DEV_FB_USED{${pod("abc")},gpu="0"}`]: `${used}x40`,
      [`DCGM_FI_DEV_FB_FREE{${pod("abc")},gpu="0"}`]: `${24_000 - used}x40`,
    });
    expectAt("gpu-memory", memory(22_000), "5m", 2);
    expectAt("gpu-memory", memory(21_000), "5m", 0);
  });

  it("reads the mean time in the queue, of enough requests", () => {
    const queue = (perRequestUs: number, requests: number) => ({
      [`nv_inference_queue_duration_us{${pod("abc")}}`]: `0+${requests * perRequestUs}x40`,
      [`nv_inference_request_success{${pod("abc")}}`]: `0+${requests}x40`,
    });
    expectAt("queue-time", queue(25_000, 100), "5m", 2);
    expectAt("queue-time", queue(15_000, 100), "5m", 0);
    expectAt("queue-time", queue(25_000, 1), "5m", 0);
  });

  it("fails a version that breaks its CUDA context, not one whose GPU had an error before it or has one of its own", () => {
    const errors = (values: string) => ({ [`DCGM_FI_DEV_XID_ERRORS{${pod("abc")},gpu="0"}`]: values });
    expectAt("gpu-errors", errors("0x16 31x20"), "5m", 2);
    expectAt("gpu-errors", errors("31x40"), "5m", undefined);
    expectAt("gpu-errors", errors("0x16 79x20"), "5m", undefined);
  });
});
