import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "tar";
import { describe, expect, it, vi } from "vitest";
import { download } from "../../../embedded/toolchain/download.ts";
import { context, program, serve, stopServers, temporaryFolder } from "./fixtures.ts";

/** A release page; files it does not have are 404. */
function release(files: Record<string, string | Buffer>): Promise<string> {
  return serve((request, response) => {
    const body = files[request.url ?? ""];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(request.method === "HEAD" ? "" : (body ?? ""));
  });
}

const sha256 = (body: string | Buffer) => createHash("sha256").update(body).digest("hex");

describe("a release file", () => {
  it("is kept as a program when its checksum is the pinned one", async () => {
    const origin = await release({ "/v1/widget": "a program" });
    const directory = temporaryFolder();
    const progress = vi.fn();
    const source = download("release", [{ url: `${origin}/v1/widget`, sha256: sha256("a program") }], 1);
    await source.fetch(directory, context({ progress }));
    expect(readFileSync(join(directory, "widget"), "utf8")).toBe("a program");
    expect(statSync(join(directory, "widget")).mode & 0o111).toBe(0o111);
    expect(progress).toHaveBeenCalledWith("widget, 0 of 0 MiB");
  });

  it("is refused when its checksum is another, with both in the message", async () => {
    const origin = await release({ "/widget": "something else" });
    const pinned = sha256("a program");
    const source = download("release", [{ url: `${origin}/widget`, sha256: pinned }], 1);
    await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow(
      `${origin}/widget has the SHA-256 ${sha256("something else")}, not ${pinned}`,
    );
  });

  it.each([
    ["alone, as beside Kubernetes' binaries", (hash: string) => hash],
    ["in a list of files", (hash: string) => `${"0".repeat(64)}  gadget\n${hash}  widget\n`],
    ["in a list of files read as binary", (hash: string) => `${hash} *./widget\n`],
  ])("is checked against what its publisher lists %s", async (_, list) => {
    const origin = await release({
      "/widget": "a program",
      "/sums": list(sha256("a program")),
      "/bad": list(sha256("x")),
    });
    const from = (listedAt: string) => download("release", [{ url: `${origin}/widget`, sha256: { listedAt } }], 1);
    await from(`${origin}/sums`).fetch(temporaryFolder(), context());
    await expect(from(`${origin}/bad`).fetch(temporaryFolder(), context())).rejects.toThrow("SHA-256");
  });

  it("is refused when its publisher lists no checksum of it", async () => {
    const origin = await release({ "/widget": "a program", "/sums": `${"0".repeat(64)}  gadget\n` });
    const source = download("release", [{ url: `${origin}/widget`, sha256: { listedAt: `${origin}/sums` } }], 1);
    await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow(
      `${origin}/sums lists no SHA-256 of widget`,
    );
  });

  it("gives the programs in it that are asked for, and nothing else", async () => {
    const folder = temporaryFolder();
    program(join(folder, "widget-1.2.3"), "widget", "exit 0");
    writeFileSync(join(folder, "widget-1.2.3/LICENSE"), "");
    await create({ file: join(folder, "widget.tar.gz"), gzip: true, cwd: folder }, ["widget-1.2.3"]);
    const archive = readFileSync(join(folder, "widget.tar.gz"));
    const origin = await release({ "/widget.tar.gz": archive });
    const members = { "bin/widget": "widget-1.2.3/widget" };
    const directory = temporaryFolder();
    const source = download("release", [{ url: `${origin}/widget.tar.gz`, sha256: sha256(archive), members }], 1);
    await source.fetch(directory, context());
    expect(readFileSync(join(directory, "bin/widget"), "utf8")).toContain("exit 0");
  });

  it("that is not there says so", async () => {
    const origin = await release({});
    const source = download("release", [{ url: `${origin}/widget`, sha256: "" }], 1);
    await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow(`${origin}/widget answered 404`);
  });
});

describe("a host", () => {
  it("is tried once a run, however many files it has", async () => {
    const probes = vi.fn();
    const origin = await serve((request, response) => {
      if (request.method === "HEAD") probes(request.url);
      response.end(request.method === "HEAD" ? "" : "a program");
    });
    const files = ["/a", "/b", "/c"].map((path) => ({ url: `${origin}${path}`, sha256: sha256("a program") }));
    await Promise.all(files.map((file) => download("release", [file], 1).fetch(temporaryFolder(), context())));
    expect(probes.mock.calls).toEqual([["/"]]);
  });

  it("that cannot be reached fails every file at once with its reason", async () => {
    const origin = await serve(() => {});
    stopServers();
    const source = download("release", [{ url: `${origin}/widget`, sha256: "" }], 1);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(source.fetch(temporaryFolder(), context())).rejects.toThrow(
        `${new URL(origin).host} cannot be reached (connect ECONNREFUSED`,
      );
    }
  });

  it("that stops in the middle of a file is left when the run is interrupted", async () => {
    const origin = await serve((request, response) => {
      if (request.method === "HEAD") response.end();
      else response.write("half of ");
    });
    const abort = new AbortController();
    const source = download("release", [{ url: `${origin}/widget`, sha256: "" }], 1);
    const fetching = source.fetch(
      temporaryFolder(),
      context({ signal: abort.signal, progress: () => abort.abort(new Error("interrupted")) }),
    );
    await expect(fetching).rejects.toThrow();
    expect(abort.signal.aborted).toBe(true);
  });
});
