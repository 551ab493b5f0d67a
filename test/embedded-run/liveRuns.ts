import { readFile } from "node:fs/promises";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { parseAllDocuments } from "yaml";
import type { ResourceEvent } from "../../engine/engine.ts";
import { ApiError } from "../../engine/kubernetes/kubernetesClient.ts";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { LiveEngine, type LiveEngineOptions } from "../../engine/live/liveEngine.ts";
import type { StackProgram } from "../../engine/runProgram.ts";
import { type ControlPlane, startControlPlane } from "./controlPlane.ts";

/** The API server of the file that runs, with Istio's definitions installed. */
export let plane: ControlPlane;
/** Each test has a namespace and a stack of its own, so that none sees what another left. */
export let namespace = "";
let tests = 0;

/** Starts the API server for a test file and a namespace for each of its tests. */
export function usesControlPlane(): void {
  beforeAll(async () => {
    plane = await startControlPlane();
    for (const file of plane.istioDefinitions) {
      for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
        const definition = document.toJS() as KubernetesObject | null;
        if (definition?.kind !== "CustomResourceDefinition") continue;
        await apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
      }
    }
  });

  beforeEach(async () => {
    tests += 1;
    namespace = `test-${tests}`;
    await apply("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  });

  afterAll(() => plane?.stop());
}

async function apply(path: string, object: KubernetesObject): Promise<void> {
  await plane.send({
    method: "PATCH",
    path: `${path}/${object.metadata.name}`,
    query: { fieldManager: "test", force: "true" },
    body: object,
    contentType: "application/apply-patch+yaml",
  });
}

export async function live(path: string): Promise<KubernetesObject | undefined> {
  try {
    return await plane.send<KubernetesObject>({ method: "GET", path });
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

export const configMapPath = (name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`;
export const virtualServicePath = () => `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/release`;

/** Writes as a controller does: an update of the whole object, which takes over every field it changes. */
export async function updateAsController(
  path: string,
  change: (object: { spec: Record<string, unknown> }) => void,
): Promise<void> {
  const object = (await live(path)) as unknown as { spec: Record<string, unknown> };
  change(object);
  await plane.send({
    method: "PATCH",
    path,
    query: { fieldManager: "rollouts-controller" },
    body: { spec: object.spec },
    contentType: "application/merge-patch+json",
  });
}

export interface Run {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
}

/** Deploys what `resources` makes with a provider for the test's cluster, as one stack. */
export async function up(
  resources: (opts: { provider: Provider }) => unknown,
  options: Partial<LiveEngineOptions> & { stack?: string } = {},
): Promise<Run> {
  const events: string[] = [];
  const program: StackProgram = () => {
    const provider = new Provider("cluster", { kubeconfig: pulumi.secret(plane.kubeconfig) });
    return (resources({ provider }) as Record<string, unknown> | undefined) ?? {};
  };
  const onResource = ({ action, name }: ResourceEvent) => events.push(`${action} ${name}`);
  const engine = new LiveEngine({ project: "serin", program, ...options });
  const [result] = await engine.up([options.stack ?? `${namespace}-models`], { onResource });
  return { outputs: result?.outputs ?? {}, events };
}

export async function failureOf(run: Promise<unknown>): Promise<Error> {
  const error = await run.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (error instanceof Error) return error;
  throw new Error("the run did not fail");
}

export function configMap(
  name: string,
  data: pulumi.Input<Record<string, pulumi.Input<string>>>,
  opts: pulumi.CustomResourceOptions,
) {
  return new ConfigMap(name, { metadata: { name, namespace }, data }, opts);
}

export function release(weight: number, timeout: string, opts: pulumi.CustomResourceOptions) {
  const destination = (subset: string) => ({ host: "fraud", subset });
  return new CustomResource(
    "release",
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "release", namespace, annotations: { timeout } },
      spec: {
        http: [
          {
            name: "primary",
            route: [
              { destination: destination("stable"), weight },
              { destination: destination("canary"), weight: 100 - weight },
            ],
          },
        ],
      },
    },
    opts,
  );
}

export async function weights(): Promise<unknown> {
  const spec = (await live(virtualServicePath()))?.spec as { http?: { route: { weight?: number }[] }[] } | undefined;
  return spec?.http?.[0]?.route.map(({ weight }) => weight ?? 0);
}
