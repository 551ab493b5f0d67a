import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { startTraffic, type TrafficSample } from "../../../embedded/traffic/traffic.ts";

type Handler = (request: http.IncomingMessage, response: http.ServerResponse, n: number) => void;

const servers: http.Server[] = [];

afterAll(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A stand-in for a gateway with one model; `handler` answers the inference requests. */
async function serve(
  handler: Handler,
  bodies?: string[],
): Promise<{ address: string; port: number; host: string; model: string }> {
  let n = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    if (request.method === "GET") {
      response.end(JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [-1, 8] }] }));
    } else {
      request.on("data", (body) => bodies?.push(String(body)));
      request.on("end", () => handler(request, response, n++));
    }
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: "127.0.0.1", port: (server.address() as AddressInfo).port, host: "fraud.test", model: "fraud" };
}

const answer = (response: http.ServerResponse, version = "1", score = 0.1): void => {
  response.end(JSON.stringify({ model_version: version, outputs: [{ name: "score", shape: [1, 1], data: [score] }] }));
};

// Most of each test is waiting.
describe.concurrent("traffic", () => {
  it("sends at the declared rate although the server is slow", async () => {
    const target = await serve((_, response) => setTimeout(() => answer(response), 400));
    const traffic = startTraffic({ ...target, rate: 100, spacing: "even", durationMs: 1_000, slowerThanMs: 150 });
    const summary = await traffic.summary;
    expect(summary).toMatchObject({ sent: 100, dropped: 0, ok: 100 });
    expect(summary.latencyMs.p50).toBeGreaterThanOrEqual(400);
    expect(summary.versions["1"]).toMatchObject({ ok: 100, slow: 100 });
  });

  it("counts requests it could not send, and never waits for the server", async () => {
    const target = await serve(() => {});
    const traffic = startTraffic({ ...target, rate: 100, spacing: "even", durationMs: 1_000, timeoutMs: 300 });
    const summary = await traffic.summary;
    expect(summary.sent + summary.dropped).toBe(100);
    expect(summary.dropped).toBeGreaterThan(0);
    expect(summary.errors).toEqual({ timeout: summary.sent });
  });

  it("tells errors by code, and answers by the version that gave them", async () => {
    const target = await serve((_, response, n) => {
      if (n % 10 === 0) {
        response.setHeader("x-serin-version", "2");
        response.statusCode = 500;
        response.end("boom");
      } else if (n % 10 === 1) response.socket?.destroy();
      else answer(response, n % 2 === 0 ? "1" : "2", n % 2 === 0 ? 0.1 : 0.3);
    });
    const summary = await startTraffic({ ...target, rate: 200, spacing: "even", durationMs: 500 }).summary;
    expect(summary).toMatchObject({ sent: 100, ok: 80, errors: { "500": 10, connection: 10 } });
    expect(summary.versions["2"]?.errors).toBe(10);
    expect(summary.versions["1"]?.scores).toEqual({ count: 40, mean: expect.closeTo(0.1, 6) });
    expect(summary.versions["2"]?.scores).toEqual({ count: 40, mean: expect.closeTo(0.3, 6) });
    expect(summary.versions.unknown?.errors).toBe(10);
  });

  it("names the model's host and passes further headers", async () => {
    const seen = new Set<string>();
    const target = await serve((request, response) => {
      seen.add(`${request.headers.host} ${request.headers.authorization}`);
      answer(response);
    });
    await startTraffic({ ...target, rate: 50, durationMs: 200, headers: { authorization: "Bearer t" } }).summary;
    expect([...seen]).toEqual(["fraud.test Bearer t"]);
  });

  it("sends the bodies that it is given in turn, or by chance, the same again with the same seed", async () => {
    const sent = async (order: "turn" | "random") => {
      const bodies: string[] = [];
      const users = new Set<unknown>();
      const target = await serve((request, response) => {
        users.add(request.headers["x-user-id"]);
        answer(response);
      }, bodies);
      const how = { rate: 100, spacing: "even", durationMs: 400, order, bodies: ["a", "b", "c"] } as const;
      await startTraffic({ ...target, ...how, users: { header: "x-user-id", count: 5 } }).summary;
      // Requests overtake each other.
      return `${bodies.sort().join("")} of ${[...users].sort()}`;
    };
    const [turn, random, again] = await Promise.all([sent("turn"), sent("random"), sent("random")]);
    const users = "user-0,user-1,user-2,user-3,user-4";
    expect(turn).toBe(`${"a".repeat(14)}${"b".repeat(13)}${"c".repeat(13)} of ${users}`);
    expect(random).toMatch(/^a+b+c+ of user/);
    expect(random).not.toBe(turn);
    expect(again).toBe(random);
  });

  it("gives a sample each second that add up to the summary", async () => {
    const target = await serve((_, response) => answer(response));
    const traffic = startTraffic({ ...target, rate: 100, durationMs: 1_500 });
    const samples: TrafficSample[] = [];
    for await (const sample of traffic) samples.push(sample);
    const summary = await traffic.summary;
    expect(samples.map((sample) => sample.second)).toEqual(samples.map((_, n) => n));
    expect(samples.reduce((sum, sample) => sum + sample.sent, 0)).toBe(summary.sent);
    expect(samples.reduce((sum, sample) => sum + sample.ok, 0)).toBe(summary.ok);
    expect(summary.ok).toBeGreaterThan(100);
  });

  it("ends when it is told to, with what it sent so far", async () => {
    const target = await serve((_, response) => answer(response));
    const stopping = new AbortController();
    const traffic = startTraffic({ ...target, rate: 100, signal: stopping.signal });
    for await (const sample of traffic) if (sample.second === 0) stopping.abort();
    const summary = await traffic.summary;
    expect(summary.ok).toBe(summary.sent);
    expect(summary.sent).toBeGreaterThan(50);
  });

  it("says why it cannot start when the model is not there", async () => {
    const target = await serve(() => {});
    const traffic = startTraffic({ ...target, port: 1, rate: 10, durationMs: 500 });
    await expect(traffic.summary).rejects.toThrow(/Model "fraud" does not describe its inputs/);
    await expect(async () => {
      for await (const _ of traffic);
    }).rejects.toThrow(/does not describe its inputs/);
  });

  it("refuses to leave this machine and impossible numbers, all at once", () => {
    const wrong = { address: "10.0.0.1", port: 0, host: "h", model: "m", rate: 1e6, durationMs: 1e9 };
    expect(() => startTraffic(wrong)).toThrow(
      /address: "10\.0\.0\.1"[\s\S]*port: 0[\s\S]*rate: 1000000[\s\S]*durationMs/,
    );
  });
});
