import type { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { kubernetesProvider } from "../../../components/cluster/gpuCluster.ts";
import type { ApiRequest } from "../../../engine/kubernetes/kubernetesClient.ts";
import type { KubernetesObject } from "../../../engine/kubernetes/kubernetesObject.ts";

/** What a test declares, with a provider for the cluster. */
export type Resources = (opts: { provider: Provider }) => unknown;

/** How a program is run. */
export interface RunOptions {
  /** The stack. @default "first" */
  readonly stack?: string;
  /** Whether the provider takes over objects that exist (`upsertExistingObjects`). @default false */
  readonly takeOver?: boolean;
}

/** An engine with a cluster of its own, as the conformance suite drives it. */
export interface EngineUnderTest {
  /** A namespace that exists, another one for each test. */
  readonly namespace: () => string;
  /** Deploys a program and returns what became of its Kubernetes objects, sorted: `created a`. Rejects a refusal. */
  up(resources: Resources, options?: RunOptions): Promise<string[]>;
  /** Removes a stack. */
  destroy(stack?: string): Promise<void>;
  /** Runs a program as a preview of a stack that nothing exists of. */
  preview(resources: Resources): Promise<void>;
  /** A request to the API server, as any other client sends it. */
  send<Answer>(request: ApiRequest): Promise<Answer>;
  stop(): Promise<void>;
}

/** The provider of a test's program, as layers make theirs. */
export function providerOf(kubeconfig: string, takeOver: boolean): Provider {
  const access = { kubeconfig: pulumi.secret(kubeconfig), clusterIdentifier: "conformance" };
  return kubernetesProvider("cluster", access, undefined, { takeOver });
}

/** The object at a path; undefined when it is not there. */
export async function at(engine: EngineUnderTest, path: string): Promise<KubernetesObject | undefined> {
  try {
    return await engine.send<KubernetesObject>({ method: "GET", path });
  } catch (error) {
    if ((error as { code?: number }).code === 404) return undefined;
    throw error;
  }
}

/** Applies an object as another manager, by force. */
export async function applyAs(
  engine: EngineUnderTest,
  manager: string,
  path: string,
  body: KubernetesObject,
): Promise<void> {
  await engine.send({
    method: "PATCH",
    path,
    query: { fieldManager: manager, force: "true" },
    body,
    contentType: "application/apply-patch+yaml",
  });
}

/** Writes fields as another manager does that updates the object: what it changes becomes its own. */
export async function writeAs(engine: EngineUnderTest, manager: string, path: string, body: object): Promise<void> {
  await engine.send({
    method: "PATCH",
    path,
    query: { fieldManager: manager },
    body,
    contentType: "application/merge-patch+json",
  });
}

/** The message of a refusal. */
export async function refusalOf(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof Error) return error.message;
  throw new Error("the engine refused nothing");
}
