import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";

/** Ends a hold on the cache. */
export type Release = () => Promise<void>;

/**
 * Lets one process at a time fill a cache, and gives back what releases it.
 *
 * The lock is a Linux abstract socket: the kernel drops it with its process, so there is no stale lock to recognise,
 * and whoever waits is woken by the connection closing. Processes in different containers do not see each other's; they
 * may do the same work twice, and the rename that installs a tool keeps that harmless.
 */
export async function lockCache(
  cache: string,
  { signal, onWait }: { signal: AbortSignal; onWait: (holder: string) => void },
): Promise<Release> {
  const hash = createHash("sha256").update(await realpath(cache));
  const name = `\0serin-cache-${hash.digest("hex").slice(0, 32)}`;
  for (;;) {
    signal.throwIfAborted();
    const release = await tryLock(name);
    if (release !== undefined) return release;
    await untilReleased(name, signal, onWait);
  }
}

/** Undefined when another process holds the name. */
async function tryLock(name: string): Promise<Release | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => waiting.delete(socket));
    socket.write(String(process.pid));
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () =>
      resolve(async () => {
        await new Promise<void>((closed) => {
          server.close(() => closed());
          for (const socket of waiting) socket.destroy();
        });
      }),
    );
  });
}

/** Resolves when the holder lets go, ends, or the wait is aborted. */
async function untilReleased(name: string, signal: AbortSignal, onWait: (holder: string) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(name);
    const giveUp = () => socket.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("data", (pid) => onWait(pid.toString()));
    socket.on("error", giveUp);
    socket.on("close", () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    });
  });
}
