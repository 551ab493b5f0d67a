import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "tar";
import { describe, expect, it } from "vitest";
import { containerImage } from "../../../embedded/toolchain/containerImage.ts";
import { context, program, serve, temporaryFolder } from "./fixtures.ts";

const digest = (body: Buffer | string) => `sha256:${createHash("sha256").update(body).digest("hex")}`;

async function layer(path: string, text: string): Promise<Buffer> {
  const folder = temporaryFolder();
  const slash = path.lastIndexOf("/");
  program(join(folder, path.slice(0, slash)), path.slice(slash + 1), text);
  const file = join(folder, "layer.tar.gz");
  await create({ file, gzip: true, cwd: folder }, [path.split("/")[0] ?? path]);
  return readFileSync(file);
}

/** A registry with one image of two layers for two architectures, which wants an anonymous token as public registries do. */
async function registry({ damaged = false }: { damaged?: boolean } = {}): Promise<string> {
  const base = await layer("etc/os-release", "base");
  const own = await layer("usr/local/bin/widget", "echo 1.2.3");
  const manifest = JSON.stringify({ layers: [{ digest: digest(base) }, { digest: digest(own) }] });
  const index = JSON.stringify({
    manifests: [
      { digest: digest("arm"), platform: { os: "linux", architecture: "arm64" } },
      { digest: digest(manifest), platform: { os: "linux", architecture: "amd64" } },
    ],
  });
  const content = new Map<string, Buffer | string>([
    ["/v2/acme/widget/manifests/v1", index],
    [`/v2/acme/widget/manifests/${digest(index)}`, index],
    [`/v2/acme/widget/manifests/${digest("another index")}`, index],
    [`/v2/acme/widget/manifests/${digest(manifest)}`, manifest],
    [`/v2/acme/widget/blobs/${digest(base)}`, base],
    [`/v2/acme/widget/blobs/${digest(own)}`, damaged ? base : own],
  ]);
  return serve((request, response) => {
    const url = request.url ?? "";
    if (url === "/token?service=acme&scope=repository%3Aacme%2Fwidget%3Apull")
      return response.end('{"token":"public"}');
    if (request.headers.authorization !== "Bearer public") {
      const realm = `http://${request.headers.host}/token`;
      response.setHeader(
        "www-authenticate",
        `Bearer realm="${realm}",service="acme",scope="repository:acme/widget:pull"`,
      );
      response.statusCode = 401;
      return response.end();
    }
    const body = content.get(url);
    response.statusCode = body === undefined ? 404 : 200;
    return response.end(body ?? "");
  });
}

const image = (origin: string, member = "usr/local/bin/widget", reference = "v1") =>
  containerImage({ registry: origin, repository: "acme/widget", reference, members: { widget: member } }, 1);

describe("a program in a container image", () => {
  it("is taken from the layer it is in, without a login and without a container runtime", async () => {
    const directory = temporaryFolder();
    await image(await registry()).fetch(directory, context());
    expect(readFileSync(join(directory, "widget"), "utf8")).toContain("echo 1.2.3");
  });

  it("is refused when a layer does not hash to its address", async () => {
    const source = image(await registry({ damaged: true }));
    await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow("it is damaged");
  });

  it("is refused when the registry answers for a digest with something else", async () => {
    const source = image(await registry(), "usr/local/bin/widget", digest("another index"));
    expect(source.name).toMatch(/^image 127\.0\.0\.1:\d+\/acme\/widget@sha256:/);
    await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow("it is damaged");
  });

  it("that no layer has is named", async () => {
    const source = image(await registry(), "usr/bin/gadget");
    await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow("no layer has usr/bin/gadget");
  });
});
