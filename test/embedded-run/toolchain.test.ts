import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { satisfies } from "semver";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { ensureTools, type ToolEvent, type Tools } from "../../embedded/toolchain/index.ts";

const run = promisify(execFile);

let tools: Tools;
const events: ToolEvent[] = [];

beforeAll(async () => {
  tools = await ensureTools({ onProgress: (event) => events.push(event) });
});

type Program = Exclude<keyof Tools, "triton" | "crds">;

describe("every tool of the embedded environment", () => {
  it.each<[Program, string, string]>([
    ["etcd", "--version", "3.6"],
    ["kubeApiserver", "--version", "1.35"],
    ["kubeControllerManager", "--version", "1.35"],
    ["kubeScheduler", "--version", "1.35"],
    ["kwok", "--version", ">=0.7"],
    ["argoRollouts", "--version", "1.9"],
    ["envoy", "--version", ">=1.39"],
    ["prometheus", "--version", "3"],
    ["helm", "version", "3"],
  ])("runs and says its version: %s", async (name, argument, range) => {
    const { stdout } = await run(tools[name], [argument]);
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "";
    expect(satisfies(version, range), stdout).toBe(true);
  });

  it("runs: istiod", async () => {
    const { stdout } = await run(tools.istiod, ["version"]);
    expect(stdout).toContain("client version");
  });

  it("runs Triton with the Python that its backend's stub is for", async () => {
    const { stdout } = await run(tools.triton.python, ["--version"]);
    const stub = `${tools.triton.backends}/python/triton_python_backend_stub`;
    const { stdout: libraries } = await run("ldd", [stub], { env: { ...process.env, ...tools.triton.env } });
    expect(libraries).toContain(`libpython${/\d+\.\d+/.exec(stdout)?.[0]}.so.1.0`);
    expect(libraries).not.toContain("not found");
    const { stdout: linked } = await run("ldd", [tools.triton.bin], { env: { ...process.env, ...tools.triton.env } });
    expect(linked).not.toContain("not found");
  });

  it("has the definitions of every kind that models are made of", () => {
    const kinds = Object.values(tools.crds)
      .flat()
      .flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS()))
      .filter((definition) => definition?.kind === "CustomResourceDefinition")
      .map((definition) => definition.spec.names.kind as string);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ...["Rollout", "AnalysisTemplate", "AnalysisRun", "Experiment"],
        ...["VirtualService", "DestinationRule", "Gateway", "WorkloadEntry", "EnvoyFilter", "RequestAuthentication"],
        ...["PodMonitor", "ServiceMonitor", "PrometheusRule"],
      ]),
    );
  });

  it("is reported exactly once as there", () => {
    const ended = events.filter(({ state }) => state === "cached" || state === "found" || state === "done");
    expect(new Set(ended.map(({ tool }) => tool)).size).toBe(ended.length);
    expect(ended.length).toBe(13);
  });

  it("is there at once the second time", async () => {
    const start = performance.now();
    expect(await ensureTools()).toEqual(tools);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
