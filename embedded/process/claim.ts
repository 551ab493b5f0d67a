import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Something only one process of this machine may hold; the kernel gives it up when the holder dies. */
export interface Claim {
  release(): Promise<void>;
}

/**
 * Takes a name, or returns `undefined` when another process holds it.
 *
 * A Unix socket in the abstract name space (unix(7)): taken atomically, without a file that a crash could leave behind,
 * and shared by all users of one network name space, which is also what shares its loopback addresses.
 */
export async function claim(name: string): Promise<Claim | undefined> {
  const server = createServer((connection) => connection.destroy());
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    server.listen({ path: `\0serin/${name}` }, () => resolve(true));
  });
  if (!taken) return undefined;
  server.unref();
  return { release: () => closed(server) };
}

/** Waits for a name that another process holds for a bounded piece of work. */
export async function claimWhenFree(name: string, signal?: AbortSignal): Promise<Claim> {
  for (;;) {
    signal?.throwIfAborted();
    const held = await claim(name);
    if (held !== undefined) return held;
    await sleep(100, undefined, signal === undefined ? {} : { signal });
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
