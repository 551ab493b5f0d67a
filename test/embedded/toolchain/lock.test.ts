import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { lockCache } from "../../../embedded/toolchain/lock.ts";
import { temporaryFolder } from "./fixtures.ts";

const module = pathToFileURL(new URL("../../../embedded/toolchain/lock.ts", import.meta.url).pathname).href;
const { signal } = new AbortController();

describe("the lock of a cache", () => {
  it("is free again when its holder lets go", async () => {
    const cache = temporaryFolder();
    const release = await lockCache(cache, { signal, onWait: () => {} });
    const onWait = vi.fn();
    const next = lockCache(cache, { signal, onWait });
    await vi.waitFor(() => expect(onWait).toHaveBeenCalledWith(String(process.pid)));
    await release();
    await (await next)();
  });

  it("is free again when its holder is killed", async () => {
    const cache = temporaryFolder();
    const script = `import { lockCache } from ${JSON.stringify(module)};
      await lockCache(${JSON.stringify(cache)}, { signal: new AbortController().signal, onWait() {} });
      console.log("held"); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module-typescript", "-e", script]);
    await once(holder.stdout, "data");
    const next = lockCache(cache, { signal, onWait: () => {} });
    expect(await Promise.race([next.then(() => "locked"), sleep(100).then(() => "waiting")])).toBe("waiting");
    holder.kill("SIGKILL");
    await (await next)();
  });

  it("shows nothing of what a stranger says who took its name", async () => {
    const cache = temporaryFolder();
    const hash = createHash("sha256").update(cache).digest("hex").slice(0, 32);
    const stranger = createServer((socket) => void socket.end("\u001b]0;1\u0007"));
    await new Promise<void>((resolve) => stranger.listen(`\0serin-cache-${hash}`, resolve));
    const onWait = vi.fn();
    const next = lockCache(cache, { signal, onWait });
    await vi.waitFor(() => expect(onWait).toHaveBeenCalled());
    expect(new Set(onWait.mock.calls.flat())).toEqual(new Set(["of somebody else"]));
    stranger.close();
    await (await next)();
  });

  it("can be given up waiting for", async () => {
    const cache = temporaryFolder();
    const release = await lockCache(cache, { signal, onWait: () => {} });
    const abort = new AbortController();
    const next = lockCache(cache, { signal: abort.signal, onWait: () => abort.abort(new Error("interrupted")) });
    await expect(next).rejects.toThrow("interrupted");
    await release();
  });

  it("holds nobody up on another cache", async () => {
    const releases = await Promise.all(
      [temporaryFolder(), temporaryFolder()].map((cache) => lockCache(cache, { signal, onWait: () => {} })),
    );
    await Promise.all(releases.map((release) => release()));
  });
});
