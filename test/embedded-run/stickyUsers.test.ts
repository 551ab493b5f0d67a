import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stickyUsersSpec, type UserKey } from "../../components/model/stickyUsers.ts";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { envoy } from "../../embedded/toolchain/tools.ts";
import { eventually } from "./environmentRuns.ts";

/** The routes by which this test reaches them: a path for each share of the new version, and for another release. */
const routes = {
  "/5": { percent: 5, draw: "fraud/2" },
  "/20": { percent: 20, draw: "fraud/2" },
  "/50": { percent: 50, draw: "fraud/2" },
  "/next": { percent: 50, draw: "fraud/3" },
} as const;

let directory: string;
let servers: Server[];
let proxy: ReturnType<typeof spawn>;
const ports: Record<"header" | "cookie", number> = { header: 0, cookie: 0 };

/** A version that answers with its name. */
async function version(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** What Envoy gets: the routes of a release as istiod writes them, with what the EnvoyFilter merges into them. */
function listener(port: number, user: UserKey) {
  const routed = Object.entries(routes).map(([path, { percent, draw }]) => {
    const [patch] = stickyUsersSpec("fraud.models.local", user, draw, { selector: {} }).configPatches;
    const value = patch?.patch.value as { route: { hash_policy: object[]; weighted_clusters: object } } | undefined;
    if (value === undefined) throw new Error("The EnvoyFilter has no patch.");
    const { route } = value;
    const clusters = [
      { name: "stable", weight: 100 - percent },
      { name: "canary", weight: percent },
    ];
    return { match: { path }, route: { ...route, weighted_clusters: { ...route.weighted_clusters, clusters } } };
  });
  const manager =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
  return {
    name: `${port}`,
    address: { socket_address: { address: "127.0.0.1", port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type": manager,
              stat_prefix: "gateway",
              route_config: { virtual_hosts: [{ name: "fraud", domains: ["*"], routes: routed }] },
              http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": router } }],
            },
          },
        ],
      },
    ],
  };
}

function cluster(name: string, server: Server) {
  const { port } = server.address() as AddressInfo;
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "serin-sticky-"));
  const options = { cache: cacheDirectory(), signal: new AbortController().signal, onProgress: () => {} };
  const program = (await installTools([envoy], options)).get(envoy.name)?.files.get("envoy") ?? "envoy";
  const [stable, canary] = [await version("stable"), await version("canary")];
  servers = [stable, canary];
  ports.header = await getPort();
  ports.cookie = await getPort();
  const config = {
    static_resources: {
      listeners: [listener(ports.header, { header: "x-user-id" }), listener(ports.cookie, { cookie: "session" })],
      clusters: [cluster("stable", stable), cluster("canary", canary)],
    },
  };
  const file = join(directory, "envoy.json");
  await writeFile(file, JSON.stringify(config));
  proxy = spawn(program, ["-c", file, "--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"], {
    stdio: "ignore",
  });
  await eventually(async () => expect(await ask("/5", { "x-user-id": "a" })).toMatch(/stable|canary/));
});

afterAll(async () => {
  proxy.kill("SIGKILL");
  for (const server of servers) server.close();
  await rm(directory, { recursive: true, force: true });
});

async function ask(path: keyof typeof routes, headers: Record<string, string>, by: keyof typeof ports = "header") {
  const { statusCode, body } = await request(`http://127.0.0.1:${ports[by]}${path}`, { headers });
  expect(statusCode).toBe(200);
  return body.text();
}

const users = Array.from({ length: 1_000 }, (_, user) => `user-${user}`);

/** The answers to requests with these headers, a hundred at a time. */
async function answers(path: keyof typeof routes, all: readonly Record<string, string>[], by?: keyof typeof ports) {
  const versions: string[] = [];
  for (let from = 0; from < all.length; from += 100) {
    versions.push(...(await Promise.all(all.slice(from, from + 100).map((headers) => ask(path, headers, by)))));
  }
  return versions;
}

/** The users whose requests the new version answers. */
async function onCanary(path: keyof typeof routes): Promise<Set<string>> {
  const versions = await answers(
    path,
    users.map((user) => ({ "x-user-id": user })),
  );
  return new Set(users.filter((_, index) => versions[index] === "canary"));
}

/** Whether a part of the users is a share but for chance: four standard deviations. */
function isShare(part: number, share: number): boolean {
  return Math.abs(part / users.length - share) < 4 * Math.sqrt((share * (1 - share)) / users.length);
}

describe("users of the real Envoy, with what the EnvoyFilter merges into the routes", () => {
  let [few, more, most]: Set<string>[] = [];

  it("each stay on one version, and a version gets its weight of them", async () => {
    [few, more, most] = [await onCanary("/5"), await onCanary("/20"), await onCanary("/50")];
    expect(await onCanary("/20")).toEqual(more);
    expect([isShare(few.size, 0.05), isShare(more.size, 0.2), isShare(most.size, 0.5)]).toEqual([true, true, true]);
  });

  it("on the new version stay there when its weight grows", () => {
    expect([...(few ?? [])].filter((user) => more?.has(user) !== true)).toEqual([]);
    expect([...(more ?? [])].filter((user) => most?.has(user) !== true)).toEqual([]);
  });

  it("are drawn anew for the next release", async () => {
    const next = await onCanary("/next");
    expect(isShare([...(most ?? [])].filter((user) => next.has(user)).length, 0.25)).toBe(true);
  });

  it("are told apart by a cookie among others", async () => {
    const seen = (last: string) =>
      answers(
        "/50",
        users.slice(0, 100).map((user) => ({ cookie: `theme=dark; session=${user}; seen=${last}` })),
        "cookie",
      );
    const first = await seen("1");
    expect(await seen("2")).toEqual(first);
    expect(new Set(first)).toEqual(new Set(["stable", "canary"]));
  });

  it("without the header are split by chance", async () => {
    const versions = await answers(
      "/50",
      users.map(() => ({})),
    );
    expect(isShare(versions.filter((name) => name === "canary").length, 0.5)).toBe(true);
  });
});
