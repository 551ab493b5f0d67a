import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { afterAll, describe, expect, it } from "vitest";
import { charts } from "../../components/core/charts.ts";
import { exitCodes } from "../../components/core/problem.ts";
import { bringChart, type ChartFiles, otherVersion } from "./chartFiles.ts";
import type { DeclaredChart } from "./declaredCharts.ts";
import type { ChartObject } from "./renderChart.ts";
import { type RenderedCharts, tryCharts, type Ways } from "./tryCharts.ts";

const files: ChartFiles = {
  directory: "/nowhere",
  name: "metrics-server",
  version: "3.13.1",
  defaultsText: "",
  defaults: { replicas: 1 },
  closed: false,
  templates: "",
  subcharts: {},
};

function declared(values: Readonly<Record<string, unknown>>, at = "prod/a"): DeclaredChart {
  return {
    at,
    pin: charts.metricsServer,
    release: "metrics-server",
    namespace: "kube-system",
    values,
    kubernetesVersion: "1.35",
    hasGpuNodes: false,
    webhookPorts: [],
    upserts: false,
  };
}

function tried(uses: readonly DeclaredChart[], ways: Partial<Ways> = {}, before: RenderedCharts = {}) {
  return tryCharts(uses, before, {
    bring: () => Promise.resolve(files),
    render: () => Promise.resolve([{ apiVersion: "v1", kind: "Secret", metadata: { name: "s" } }]),
    from: () => "folder",
    today: "2026-11-28",
    ...ways,
  });
}

const about = (lines: readonly string[]) => lines.filter((line) => line.includes("metrics-server"));

describe("the charts that are tried", () => {
  it("are recorded with the day and what was rendered, and end well", async () => {
    const { lines, exitCode, rendered } = await tried([declared({}), declared({ replicas: 2 }, "prod/b")]);
    expect(about(lines)).toEqual(["✔ metrics-server 3.13.1: 2 objects for prod/a, prod/b"]);
    expect(exitCode).toBe(exitCodes.ok);
    expect(rendered).toEqual({
      metricsServer: {
        version: "3.13.1",
        on: "2026-11-28",
        from: "folder",
        clusters: 2,
        values: expect.stringMatching(/^[\da-f]{64}$/),
        objects: expect.stringMatching(/^[\da-f]{64}$/),
      },
    });
  });

  it("are named once for a fault that several clusters have, and are not recorded", async () => {
    const { lines, exitCode, rendered } = await tried([declared({ typo: 1 }), declared({ typo: 2 }, "prod/b")]);
    expect(about(lines)).toEqual([
      '✗ metrics-server 3.13.1 (prod/a, prod/b): the chart knows no value "typo": it would be ignored in silence.',
    ]);
    expect([exitCode, rendered]).toEqual([exitCodes.badInput, {}]);
  });

  it("have a fault where helm refuses them", async () => {
    const render = () => Promise.reject(new Error("values don't meet the specifications of the schema"));
    const { lines, exitCode } = await tried([declared({})], { render });
    expect(about(lines)).toEqual([expect.stringContaining("helm refuses it: values don't meet")]);
    expect(exitCode).toBe(exitCodes.badInput);
  });

  it("are not those that cannot be had: one sentence each, a code of its own, and when they were rendered last", async () => {
    const bring = () => Promise.reject(new Error("403 Forbidden"));
    const first = await tried([declared({})]);
    const line = async (uses: readonly DeclaredChart[], before: RenderedCharts) => {
      const { lines, exitCode, rendered } = await tried(uses, { bring }, before);
      expect([exitCode, rendered]).toEqual([exitCodes.unavailable, {}]);
      return about(lines);
    };
    const sentence = "? metrics-server 3.13.1: NOT TRIED, it cannot be had: 403 Forbidden; ";
    expect(await line([declared({})], {})).toEqual([`${sentence}it never was rendered.`]);
    expect(await line([declared({})], first.rendered)).toEqual([
      `${sentence}it was rendered last on 2026-11-28, with these values.`,
    ]);
    expect(await line([declared({ replicas: 3 })], first.rendered)).toEqual([
      `${sentence}it was rendered last on 2026-11-28, with other values.`,
    ]);
    const older = { metricsServer: { ...first.rendered.metricsServer, version: "3.12.0" } } as RenderedCharts;
    expect(await line([declared({})], older)).toEqual([`${sentence}3.12.0 was rendered last, on 2026-11-28.`]);
  });
});

describe("an upgrade from the chart that is deployed", () => {
  const object = (kind: string, name: string, more: object = {}): ChartObject =>
    ({ apiVersion: "apps/v1", kind, metadata: { name }, ...more }) as ChartObject;
  const upgrade = async (before: readonly ChartObject[], after: readonly ChartObject[]) => {
    const { lines } = await tried([declared({}), declared({}, "prod/b")], {
      before: () => Promise.resolve({ ...files, version: "3.12.0" }),
      render: ({ version }) => Promise.resolve([...(version === "3.12.0" ? before : after)]),
    });
    return lines.filter((line) => line.startsWith("  from"));
  };

  it("is all in place where objects change in what can be changed, and their API's version", async () => {
    const before = [object("Deployment", "a", { spec: { selector: { a: 1 }, replicas: 1 } })];
    const after = [
      { ...object("Deployment", "a", { spec: { selector: { a: 1 }, replicas: 2 } }), apiVersion: "apps/v2" },
    ];
    expect(await upgrade(before, after)).toEqual(["  from 3.12.0 (prod/a, prod/b): all in place"]);
  });

  it("names what it replaces, removes and adds", async () => {
    const before = [object("Deployment", "a", { spec: { selector: { a: 1 } } }), object("ConfigMap", "old")];
    const after = [object("Deployment", "a", { spec: { selector: { a: 2 } } }), object("ConfigMap", "new")];
    expect(await upgrade(before, after)).toEqual([
      '  from 3.12.0 (prod/a, prod/b): replaces Deployment "a"; removes ConfigMap "old"; adds ConfigMap "new"',
    ]);
  });

  it("is not compared where helm refuses our values for the older chart", async () => {
    const { lines, exitCode } = await tried([declared({})], {
      before: () => Promise.resolve({ ...files, version: "3.12.0" }),
      render: ({ version }) =>
        version === "3.12.0" ? Promise.reject(new Error("no such value")) : Promise.resolve([]),
    });
    expect(lines.join("\n")).toContain(
      "not compared, since helm refuses the values for the older chart: no such value",
    );
    expect(exitCode).toBe(exitCodes.ok);
  });
});

describe("a folder of charts", () => {
  const folder = mkdtempSync(join(tmpdir(), "serin-charts-test-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const bring = (version: string) => {
    const scratch = mkdtempSync(join(folder, "scratch-"));
    return bringChart(
      { ...charts.metricsServer, version },
      { kind: "folder", path: join(folder, "charts") },
      {
        helm: "/no/helm",
        scratch,
      },
    );
  };

  it("has a chart unpacked or as an archive, of the pinned version alone", async () => {
    for (const version of ["1.0.0", "v2.0.0"]) {
      const directory = join(folder, "charts", `ms-${version}`);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "Chart.yaml"), `name: metrics-server\nversion: ${version}\n`);
    }
    const directory = join(folder, "packed", "metrics-server");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "Chart.yaml"), "name: metrics-server\nversion: 3.0.0\n");
    await create({ gzip: true, file: join(folder, "charts", "ms.tgz"), cwd: join(folder, "packed") }, [
      "metrics-server",
    ]);
    expect((await bring("1.0.0")).version).toBe("1.0.0");
    expect((await bring("2.0.0")).version).toBe("v2.0.0");
    expect((await bring("3.0.0")).directory).toMatch(/metrics-server$/);
    const other = await otherVersion({ ...charts.metricsServer, version: "v1.0.0" }, join(folder, "charts"), folder);
    expect(other?.version).toMatch(/^(v2|3)\.0\.0$/);
    await expect(bring("4.0.0")).rejects.toThrow(/has no metrics-server 4.0.0: it has (1.0.0, v2.0.0|.*), 3.0.0/);
  });
});
