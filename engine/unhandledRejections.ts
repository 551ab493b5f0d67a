/** One program run, as far as its unhandled rejections are concerned. */
export interface RejectionOwner {
  /** True when the code that is running now belongs to this run. */
  isCurrent(): boolean;
  reject(reason: unknown): void;
}

type Listener = NodeJS.UnhandledRejectionListener;

const owners = new Set<RejectionOwner>();
let displaced: Listener[] = [];

/**
 * While a program runs, its unhandled rejections are its errors: the SDK reports a failed Output no other way. Node
 * calls the listener in the asynchronous context of the rejection, so each finds its run; those of nobody go to who
 * listened before. Returns what ends the watch.
 */
export function watchRejections(owner: RejectionOwner): () => void {
  if (owners.size === 0) {
    displaced = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", dispatch);
  }
  owners.add(owner);
  return () => {
    owners.delete(owner);
    if (owners.size > 0) return;
    process.off("unhandledRejection", dispatch);
    for (const listener of displaced) process.on("unhandledRejection", listener);
    displaced = [];
  };
}

function dispatch(reason: unknown, promise: Promise<unknown>): void {
  const owner = [...owners].find((candidate) => candidate.isCurrent());
  if (owner !== undefined) {
    owner.reject(reason);
    return;
  }
  if (displaced.length === 0) {
    // What Node does when nobody listens.
    process.nextTick(() => {
      throw reason;
    });
  }
  for (const listener of displaced) listener(reason, promise);
}
