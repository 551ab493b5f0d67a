import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { type CourseArgs, evidenceCourse } from "../../../rehearsal/cluster/evidenceCourse.ts";
import { PrometheusClient } from "../../../rehearsal/cluster/prometheus.ts";
import { context, sound } from "../../components/model/fixtures.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A Prometheus that knows one value from the fifth second on, for queries of a range. */
async function prometheusWith(value: string): Promise<{ client: PrometheusClient; asked: URLSearchParams[] }> {
  const asked: URLSearchParams[] = [];
  const created = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => {
      body += part;
    });
    request.on("end", () => {
      const query = new URLSearchParams(body);
      asked.push(query);
      const [start, end, step] = ["start", "end", "step"].map((name) => Number(query.get(name))) as [
        number,
        number,
        number,
      ];
      const values: [number, string][] = [];
      for (let at = start; at <= end; at += step) if (at >= start + 5) values.push([at, value]);
      response.end(JSON.stringify({ data: { result: request.url === "/api/v1/query_range" ? [{ values }] : [] } }));
    });
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, "127.0.0.1", resolve));
  return { client: new PrometheusClient(`http://127.0.0.1:${(created.address() as AddressInfo).port}`), asked };
}

const declaredAt = 1_700_000_000_000;
const course = (prometheus: PrometheusClient, more: Partial<CourseArgs> = {}) =>
  evidenceCourse({
    ...context,
    prometheus,
    model: sound,
    rollout: { currentHash: "new1", stableHash: "old1", stepWeights: [5, 5, 20, 100] },
    declaredAt,
    endMs: 40_000,
    weightAt: (atMs) => (atMs < 20_000 ? 5 : 20),
    ...more,
  });

it("asks for each second since the declaration, and begins with the first request of the new version", async () => {
  const { client, asked } = await prometheusWith("4");
  const found = await course(client);
  expect(found.map(({ metric, kind }) => `${metric} ${kind}`)).toEqual(
    expect.arrayContaining(["errors share", "client-errors comparison"]),
  );
  const errors = found.find(({ metric }) => metric === "errors");
  expect(errors?.points.map(({ atMs }) => atMs).slice(0, 2)).toEqual([5_000, 6_000]);
  expect(errors?.points.at(-1)?.atMs).toBe(40_000);
  expect(errors?.points[0]).toMatchObject({ canary: { bad: 4, total: 4 }, allowed: 0.001, against: { evidence: 4 } });
  expect(asked.every((query) => !query.get("query")?.includes("{{"))).toBe(true);
});

it("judges each moment by the weight that its pass would lead to", async () => {
  const { client } = await prometheusWith("400");
  const errors = (await course(client)).find(({ metric }) => metric === "errors");
  const passesAt = (atMs: number) => errors?.points.find((point) => point.atMs === atMs)?.passesAt;
  // A pass at 5 % exposes fewer callers than one at 20 %, so that it may be had with more bad requests.
  expect(passesAt(10_000) ?? 0).toBeGreaterThanOrEqual(passesAt(30_000) ?? 0);
});

it("of forty minutes keeps no more than 240 points of a metric", async () => {
  const { client } = await prometheusWith("4");
  const found = await course(client, { endMs: 2_400_000 });
  expect(Math.max(...found.map(({ points }) => points.length))).toBeLessThanOrEqual(241);
  expect(JSON.stringify(found, undefined, 2).length).toBeLessThan(1_000_000);
});
