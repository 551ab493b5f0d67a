import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { charts } from "../../components/core/charts.ts";
import { systems } from "../../components/platform/systems.ts";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { argoRolloutsDefinitions, prometheusOperatorDefinitions } from "../../embedded/toolchain/customResources.ts";
import { ensureHelm } from "../../embedded/toolchain/index.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { ClusterObjects } from "../../engine/kubernetes/clusterObjects.ts";
import { apiPath } from "../../engine/kubernetes/kubernetesObject.ts";
import { chartPhases } from "../../engine/live/chart.ts";
import { environments } from "../../stacks/environments/index.ts";
import { type ChartFiles, readChart } from "../charts/chartFiles.ts";
import { faultsOf } from "../charts/checks.ts";
import { type DeclaredChart, declaredCharts } from "../charts/declaredCharts.ts";
import { furtherEnvironments } from "../charts/furtherEnvironments.ts";
import { type ChartObject, objectsIn, renderChart } from "../charts/renderChart.ts";
import { manifests } from "../stacks/record.ts";
import { plane, usesControlPlane } from "./liveRuns.ts";

/**
 * Branch release-1.30 on 2026-08-26. Istio's charts of one release are its source's, with the release's version and images written in;
 * ours name the registry. The Go module has them, which is why they can be tried where no chart repository is reached.
 */
const istioModule = "istio.io/istio@v0.0.0-20260826214018-9739e10eb9d7";
const istioCharts = {
  istioBase: "base",
  istiod: "istio-control/istio-discovery",
  istioGateway: "gateway",
} as const;

usesControlPlane();

let helm: string;
let goCache: string;
const istio = new Map<DeclaredChart["pin"], ChartFiles>();
let declared: DeclaredChart[];

beforeAll(async () => {
  helm = await ensureHelm();
  goCache = await mkdtemp(join(tmpdir(), "serin-istio-"));
  const env = { GOMODCACHE: goCache, GOFLAGS: "-modcacherw", GOWORK: "off" };
  const { stdout } = await execa("go", ["mod", "download", "-json", istioModule], { env, cwd: goCache });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  for (const [key, path] of Object.entries(istioCharts)) {
    istio.set(charts[key as keyof typeof istioCharts], await readChart(join(Dir, "manifests", "charts", path)));
  }
  declared = [];
  for (const environment of [...Object.values(environments), ...furtherEnvironments]) {
    declared.push(...(await declaredCharts(environment)));
  }
  for (const { namespaces } of Object.values(systems)) {
    for (const { name } of namespaces) {
      await write({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, false);
    }
  }
});

afterAll(() => rm(goCache, { recursive: true, force: true }));

/** Applies an object, or asks whether it would be taken. Fields that the API server does not know are an error. */
async function write(object: ChartObject, dryRun: boolean): Promise<void> {
  const cluster = new ClusterObjects(plane.client);
  const { apiVersion, kind, metadata } = object;
  const served = await cluster.servedKind(apiVersion, kind);
  if (served === undefined) throw new Error(`no ${apiVersion} ${kind} is served`);
  const { namespace = "default", ...clusterWide } = metadata;
  const place = served.namespaced ? `/namespaces/${namespace}` : "";
  await plane.send({
    method: "PATCH",
    path: `${apiPath(apiVersion)}${place}/${served.plural}/${metadata.name}`,
    query: { fieldManager: "charts", force: "true", fieldValidation: "Strict", ...(dryRun ? { dryRun: "All" } : {}) },
    body: served.namespaced ? object : { ...object, metadata: clusterWide },
    contentType: "application/apply-patch+yaml",
  });
}

/** Installs definitions, waits until they are served, and asks whether all else would be taken. */
async function refusals(objects: readonly ChartObject[]): Promise<string[]> {
  const refused: string[] = [];
  for (const object of chartPhases([...objects]).flat() as ChartObject[]) {
    const isDefinition = object.kind === "CustomResourceDefinition";
    try {
      // Webhooks above all are only asked for: nothing answers them here.
      await write(object, !isDefinition);
      if (isDefinition) await served(object);
    } catch (error) {
      refused.push(`${object.kind} ${object.metadata.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return refused;
}

async function served({ spec }: ChartObject): Promise<void> {
  type Spec = { group: string; names: { kind: string }; versions: { name: string; served: boolean }[] };
  const { group, names, versions } = spec as Spec;
  const version = versions.find((one) => one.served)?.name;
  for (let tries = 0; tries < 100; tries += 1) {
    const kind = await new ClusterObjects(plane.client).servedKind(`${group}/${version}`, names.kind);
    if (kind !== undefined) return;
    await sleep(100);
  }
  throw new Error("it was not served within 10 s");
}

describe("Istio's charts", () => {
  it("have no fault with any declared cluster's values, and the API server takes every object", async () => {
    const uses = declared.filter(({ pin }) => istio.has(pin));
    expect(uses.length).toBeGreaterThan(3 * Object.keys(environments).length - 3);
    for (const use of uses) {
      const files = istio.get(use.pin) as ChartFiles;
      const objects = await renderChart(helm, files, use);
      const again = await renderChart(helm, files, use);
      expect(faultsOf({ declared: use, files, objects, again }), `${use.at} ${use.pin.chart}`).toEqual([]);
      const placed = objects.map(
        (object): ChartObject => ({ ...object, metadata: { namespace: use.namespace, ...object.metadata } }),
      );
      expect(await refusals(placed), `${use.at} ${use.pin.chart}`).toEqual([]);
    }
  });
});

describe("what dev declares itself", () => {
  it("is taken by the API server with the definitions of Istio, Argo Rollouts and the Prometheus Operator", async () => {
    const tools = [argoRolloutsDefinitions, prometheusOperatorDefinitions];
    const installed = await installTools(tools, {
      cache: cacheDirectory(),
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    for (const tool of tools) {
      for (const file of installed.get(tool.name)?.files.values() ?? []) {
        expect(await refusals(objectsIn(await readFile(file, "utf8")))).toEqual([]);
      }
    }
    const objects = Object.values(await manifests("dev")) as unknown as ChartObject[];
    for (const object of objects.filter(({ kind }) => kind === "Namespace")) await write(object, false);
    expect(await refusals(objects.filter(({ kind }) => kind !== "Namespace"))).toEqual([]);
  });
});
