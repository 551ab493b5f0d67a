import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A name that this process holds. The kernel releases it when the process ends. */
export interface Claim {
  /** Gives the name back. Another process can take it once this has resolved. */
  release(): Promise<void>;
}

/**
 * Takes a name that only one process of this machine can hold; `undefined` if another process holds it.
 *
 * The name is a Unix socket in the abstract name space (unix(7)), which has no file that a crash could leave behind. It
 * is visible to all users in one network namespace, which is also the scope of the loopback addresses.
 * @throws the error of the socket, such as a lack of file descriptors
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

/**
 * Takes a name, and waits while another process holds it. Tries every 100 ms.
 * @throws the reason of `signal` if it is aborted
 */
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
