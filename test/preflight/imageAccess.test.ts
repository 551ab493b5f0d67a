import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type ImageAccess, imageAccess } from "../../preflight/imageAccess.ts";
import { type StandIn, type StandInOptions, startRegistry } from "../engine/registry/registry.fixture.ts";

const digest = `sha256:${"5".repeat(64)}`;
const other = `sha256:${"6".repeat(64)}`;
const signal = new AbortController().signal;
const running: StandIn[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.close()));
});

async function registry(options: Partial<StandInOptions> = {}): Promise<StandIn> {
  const started = await startRegistry({
    user: "robot",
    password: "s3cret:with-colon",
    manifests: { "team/triton": [digest] },
    ...options,
  });
  running.push(started);
  return started;
}

async function ask(
  { host }: { host: string },
  credentials?: { username: string; password: string },
  image = `team/triton@${digest}`,
): Promise<ImageAccess | undefined> {
  const known = new Map(credentials === undefined ? [] : [[host, credentials]]);
  const [access] = await imageAccess([`${host}/${image}`], known, { signal, timeoutMs: 2_000 });
  return access;
}

const robot = { username: "robot", password: "s3cret:with-colon" };

describe("an image is there", () => {
  it("for the right password: challenge, token, manifest", async () => {
    const started = await registry();
    expect(await ask(started, robot)).toEqual({
      image: `${started.host}/team/triton@${digest}`,
      registry: started.host,
      as: "credentials",
      outcome: { kind: "there" },
    });
    expect(started.asked).toEqual(["GET /v2/", "GET /token basic", `HEAD /v2/team/triton/manifests/${digest} bearer`]);
  });

  it("for anybody, with a token that needs no password", async () => {
    const started = await registry({ open: ["team/triton"] });
    expect(await ask(started)).toMatchObject({ as: "anonymous", outcome: { kind: "there" } });
    expect(started.asked[1]).toBe("GET /token");
  });

  it("in a registry that takes the password itself, or asks nobody", async () => {
    expect((await ask(await registry({ scheme: "basic" }), robot))?.outcome).toEqual({ kind: "there" });
    expect((await ask(await registry({ scheme: "none" })))?.outcome).toEqual({ kind: "there" });
  });
});

describe("an image is refused", () => {
  it("for a wrong password, which appears nowhere", async () => {
    const started = await registry();
    const access = await ask(started, { username: "robot", password: "wr0ng" });
    expect(access?.outcome).toEqual({ kind: "denied", detail: `${started.host} answers 401` });
    expect(JSON.stringify(access)).not.toContain("wr0ng");
  });

  it("for nobody's password where one is needed", async () => {
    const started = await registry();
    expect((await ask(started))?.outcome).toEqual({ kind: "denied", detail: `${started.host} answers 401` });
    const basic = await registry({ scheme: "basic" });
    expect((await ask(basic))?.outcome).toEqual({ kind: "denied", detail: `${basic.host} wants credentials` });
  });

  it("where the password would go to a place without TLS", async () => {
    const started = await registry({ realm: "http://tokens.example.com/token" });
    expect((await ask(started, robot))?.outcome).toEqual({
      kind: "denied",
      detail: `${started.host} names no place to get a token`,
    });
    expect(started.asked).toEqual(["GET /v2/"]);
  });
});

it("an image is missing by its digest", async () => {
  const started = await registry();
  expect((await ask(started, robot, `team/triton@${other}`))?.outcome).toEqual({ kind: "missing" });
});

describe("a registry is unreachable", () => {
  it("when nothing listens", async () => {
    const started = await registry();
    await started.close();
    running.splice(0);
    const access = await ask(started, robot);
    expect(access?.outcome).toMatchObject({ kind: "unreachable" });
    expect(JSON.stringify(access)).toContain("ECONNREFUSED");
  });

  it("when it accepts and says nothing, in bounded time", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const host = `127.0.0.1:${(silent.address() as { port: number }).port}`;
    const began = performance.now();
    const [access] = await imageAccess([`${host}/team/triton@${digest}`], new Map(), { signal, timeoutMs: 200 });
    expect(access?.outcome).toEqual({ kind: "unreachable", detail: "no answer in time" });
    expect(performance.now() - began).toBeLessThan(5_000);
    silent.close();
  });
});

it("is not asked where that was not wanted", async () => {
  const started = await registry();
  const image = `${started.host}/team/triton@${digest}`;
  const [access] = await imageAccess([image, image], new Map(), { signal, skip: true });
  expect(access).toEqual({ image, registry: started.host, as: "anonymous", outcome: { kind: "notAsked" } });
  expect(started.asked).toEqual([]);
});

it("asks for each image once", async () => {
  const started = await registry({ open: ["team/triton"] });
  const image = `${started.host}/team/triton@${digest}`;
  expect(await imageAccess([image, image], new Map(), { signal })).toHaveLength(1);
});

it("ends with the run", async () => {
  const { host } = await registry();
  const ended = AbortSignal.abort(new Error("ended"));
  await expect(imageAccess([`${host}/a@${digest}`], new Map(), { signal: ended })).rejects.toThrow("ended");
});
