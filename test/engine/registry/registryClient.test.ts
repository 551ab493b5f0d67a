import { Response } from "undici";
import { expect, it } from "vitest";
import { RegistryClient, RegistryRefusal, registryUrl } from "../../../engine/registry/registryClient.ts";

const repository = { registry: "https://registry.example.com", name: "team/triton" };

/** A client whose requests are answered in turn, and what it asked. */
function client(answers: readonly Response[], credentials?: { username: string; password: string }) {
  const asked: string[] = [];
  const waiting = [...answers];
  const fetch = (url: string, { method, headers }: { method: string; headers: Readonly<Record<string, string>> }) => {
    asked.push(`${method} ${url}${headers.authorization === undefined ? "" : ` ${headers.authorization}`}`);
    return Promise.resolve(waiting.shift() ?? new Response(null, { status: 500 }));
  };
  return { asked, client: new RegistryClient(repository, fetch, credentials) };
}

const challenge = (header: string) => new Response(null, { status: 401, headers: { "www-authenticate": header } });
const bearer = 'Bearer realm="https://tokens.example.com/t",service="s"';
const token = (name: string) => Response.json({ token: name });
const scope = "service=s&scope=repository%3Ateam%2Ftriton%3Apull";

it("fetches a token once and uses it for all that it reads", async () => {
  const { asked, client: registry } = client([challenge(bearer), token("one"), new Response(), new Response()]);
  await registry.manifest("HEAD", "v1");
  await registry.blob("sha256:1");
  expect(asked).toEqual([
    "GET https://registry.example.com/v2/",
    `GET https://tokens.example.com/t?${scope}`,
    "HEAD https://registry.example.com/v2/team/triton/manifests/v1 Bearer one",
    "GET https://registry.example.com/v2/team/triton/blobs/sha256:1 Bearer one",
  ]);
});

it("fetches another token when the first is no longer good", async () => {
  const expired = challenge(bearer);
  const { asked, client: registry } = client([
    ...[challenge(bearer), token("one"), new Response()],
    ...[expired, challenge(bearer), token("two"), new Response()],
  ]);
  await registry.manifest("GET", "v1");
  expect((await registry.blob("sha256:1")).status).toBe(200);
  expect(asked.at(-1)).toBe("GET https://registry.example.com/v2/team/triton/blobs/sha256:1 Bearer two");
});

it("gives the answer to a fresh token as it is, and asks no more", async () => {
  const { asked, client: registry } = client([challenge(bearer), token("one"), challenge(bearer)]);
  expect((await registry.manifest("HEAD", "v1")).status).toBe(401);
  expect(asked).toHaveLength(3);
});

it.each([
  ["a scheme it does not know", 'Negotiate realm="a"', 'wants "Negotiate"'],
  ["a place for tokens without TLS", 'Bearer realm="http://tokens.example.com"', "names no place to get a token"],
  ["a place for tokens that is no URL", 'Bearer realm="x"', "names no place to get a token"],
  ["credentials where it has none", 'Basic realm="a"', "wants credentials"],
])("sends no password to a registry that asks for %s", async (_, header, reason) => {
  const robot = reason === "wants credentials" ? undefined : { username: "robot", password: "s3cret" };
  const { asked, client: registry } = client([challenge(header)], robot);
  const refused = await registry.manifest("HEAD", "v1").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RegistryRefusal);
  expect((refused as Error).message).toContain(reason);
  expect(asked).toEqual(["GET https://registry.example.com/v2/"]);
});

it("takes a server of tokens that fails for no refusal", async () => {
  const { client: registry } = client([challenge(bearer), new Response(null, { status: 503 })]);
  const failed = await registry.manifest("HEAD", "v1").catch((error: unknown) => error);
  expect(failed).not.toBeInstanceOf(RegistryRefusal);
  expect((failed as Error).message).toBe("tokens.example.com answers 503");
});

it("speaks plain HTTP with a registry on this machine alone", () => {
  expect(registryUrl("127.0.0.1:5000")).toBe("http://127.0.0.1:5000");
  expect(registryUrl("localhost")).toBe("http://localhost");
  expect(registryUrl("quay.io")).toBe("https://quay.io");
  expect(registryUrl("localhost.example.com")).toBe("https://localhost.example.com");
});
