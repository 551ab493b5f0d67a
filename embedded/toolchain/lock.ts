import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Releases the lock of a cache, so that a process that waits for it goes on. */
export type Release = () => Promise<void>;

/**
 * Takes the lock of a cache, so that one process at a time installs tools into it. Calls `onWait` with the pid of the
 * process that holds the lock while it waits.
 *
 * The lock is a Linux abstract socket (unix(7)): the kernel removes it with its process, and its closed connection
 * wakes a process that waits. Processes in different containers do not see each other's lock. They may install the same
 * tool twice, which does no harm, because a rename installs it.
 * @throws the reason of `signal` if it is aborted
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
    // A stranger who holds the name and hangs up at once must not keep a processor busy.
    await sleep(20, undefined, { signal }).catch(() => undefined);
  }
}

/** Takes the lock; `undefined` if another process holds it. */
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

/** Resolves when the process that holds the lock releases it or ends, or when `signal` is aborted. */
async function untilReleased(name: string, signal: AbortSignal, onWait: (holder: string) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(name);
    const giveUp = () => socket.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    // The name may be held by anybody on this machine, so only a number is shown.
    socket.on("data", (said) => onWait(/^\d{1,10}$/.exec(said.toString())?.[0] ?? "of somebody else"));
    socket.on("error", giveUp);
    socket.on("close", () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    });
  });
}
