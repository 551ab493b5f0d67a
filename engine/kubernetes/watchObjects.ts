import { type KubernetesListObject, type KubernetesObject, makeInformer } from "@kubernetes/client-node";
import type { KubernetesClient } from "./kubernetesClient.ts";

/** What changes in a watched collection. */
export interface Changes<T> {
  /** Called for an object that is there, and again whenever it has changed. */
  readonly onPresent: (object: T) => void;
  /** Called only when the API server says that the object is gone: a broken connection is no deletion. */
  readonly onGone: (object: T) => void;
  /** Called when the connection is lost. It is taken up again after `reconnectMs`. */
  readonly onInterrupted: (error: unknown) => void;
}

/** A watch that goes on until it is stopped. */
export interface ObjectWatch {
  /** Resolves when the objects that are there at first have been reported. */
  readonly listed: Promise<void>;
  /** Ends the watch. */
  stop(): void;
}

const reconnectMs = 500;

/**
 * Lists and watches a collection, by its path in the API, until it is stopped. A broken connection is taken up again,
 * from where it broke if the server allows it.
 */
export function watchObjects<T extends KubernetesObject>(
  client: KubernetesClient,
  path: string,
  { onPresent, onGone, onInterrupted }: Changes<T>,
  labelSelector?: string,
): ObjectWatch {
  const first = Promise.withResolvers<void>();
  const list = async (): Promise<KubernetesListObject<T>> => {
    const query = labelSelector === undefined ? {} : { labelSelector };
    const objects = await client.send<KubernetesListObject<T>>({ method: "GET", path, query });
    // After the informer has reported them all, which it does without waiting.
    setImmediate(first.resolve);
    return objects;
  };
  const informer = makeInformer<T>(client.kubeconfig, path, list, labelSelector);
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  const later = (error: unknown): void => {
    onInterrupted(error);
    if (!stopped) retry = setTimeout(start, reconnectMs);
  };
  const start = (): void => {
    informer.start().catch(later);
  };
  informer.on("add", onPresent);
  informer.on("update", onPresent);
  informer.on("delete", onGone);
  informer.on("error", later);
  start();
  return {
    listed: first.promise,
    stop: () => {
      stopped = true;
      clearTimeout(retry);
      void informer.stop();
      first.resolve();
    },
  };
}
