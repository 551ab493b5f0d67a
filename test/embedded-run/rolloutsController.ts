import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1ReplicaSet } from "@kubernetes/client-node";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { parseAllDocuments } from "yaml";
import { ModelDeployment } from "../../components/model/index.ts";
import type { Model } from "../../components/model/model.ts";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { argoRolloutsDefinitions, prometheusOperatorDefinitions } from "../../embedded/toolchain/customResources.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { argoRollouts } from "../../embedded/toolchain/tools.ts";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { LiveEngine } from "../../engine/live/liveEngine.ts";
import { context, host } from "../components/model/fixtures.ts";
import { type ControlPlane, startControlPlane } from "./controlPlane.ts";

/**
 * A real API server and the real Rollouts controller. Every ReplicaSet has its pods at once, and what analyses ask is
 * answered by the test.
 */
export interface RolloutsCluster {
  readonly plane: ControlPlane;
  /** The path of a kubeconfig. */
  readonly kubeconfig: string;
  /** What Prometheus answers to a query: the value of one series; nothing when there is none. */
  answer: (query: string) => number | undefined;
  /** How many of the pods of a ReplicaSet are available. */
  available: (replicaSet: V1ReplicaSet) => number;
  /** Deploys the model as `serin up` does. @throws what the engine throws, for example a conflict of fields */
  deploy(model: Model): Promise<void>;
  stop(): Promise<void>;
}

const namespace = "models";

export async function startRolloutsCluster(): Promise<RolloutsCluster> {
  const installed = await installTools([argoRollouts, argoRolloutsDefinitions, prometheusOperatorDefinitions], {
    cache: cacheDirectory(),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const plane = await startControlPlane();
  const apply = (path: string, object: KubernetesObject) =>
    plane.send({
      method: "PATCH",
      path: `${path}/${object.metadata.name}`,
      query: { fieldManager: "test", force: "true" },
      body: object,
      contentType: "application/apply-patch+yaml",
    });
  const files = [argoRolloutsDefinitions, prometheusOperatorDefinitions].flatMap(({ name }) => [
    ...(installed.get(name)?.files.values() ?? []),
  ]);
  for (const file of [...plane.istioDefinitions, ...files]) {
    for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
      const definition = document.toJS() as KubernetesObject | null;
      if (definition?.kind !== "CustomResourceDefinition") continue;
      await apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    }
  }
  await apply("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });

  const directory = await mkdtemp(join(tmpdir(), "serin-rollouts-"));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, plane.kubeconfig, { mode: 0o600 });
  const state = {
    answer: (_: string): number | undefined => undefined,
    available: ({ spec }: V1ReplicaSet): number => spec?.replicas ?? 0,
  };
  const prometheus = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const query = new URLSearchParams(Buffer.concat(chunks).toString()).get("query") ?? "";
    const value = cluster.answer(query);
    response.setHeader("content-type", "application/json").end(
      JSON.stringify({
        status: "success",
        data: {
          resultType: "vector",
          result: value === undefined ? [] : [{ metric: {}, value: [Date.now() / 1_000, String(value)] }],
        },
      }),
    );
  });
  await new Promise<void>((resolve) => prometheus.listen(0, "127.0.0.1", resolve));
  const prometheusAddress = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
  const controller = await startController(
    installed.get(argoRollouts.name)?.files.get("rollouts-controller") ?? "rollouts-controller",
    kubeconfig,
  );
  const ended = new AbortController();
  const keeping = keepReplicaSets(plane, (replicaSet) => cluster.available(replicaSet), ended.signal);

  const cluster: RolloutsCluster = Object.assign(state, {
    plane,
    kubeconfig,
    async deploy(model: Model) {
      const engine = new LiveEngine({
        project: "serin",
        program: () => {
          const provider = new Provider("cluster", { kubeconfig: pulumi.secret(plane.kubeconfig) });
          new ModelDeployment(
            "site-fraud",
            {
              ...context,
              scrapeInterval: "1s",
              prometheusAddress,
              namespace,
              model,
              host,
              domain: "example.com",
              gateway: "istio-system/models",
              gatewayAddress: "gateway:80",
            },
            { providers: [provider] },
          );
          return {};
        },
      });
      await engine.up(["local-models"]);
    },
    async stop() {
      ended.abort();
      await keeping;
      controller.kill("SIGKILL");
      await once(controller, "exit");
      prometheus.closeAllConnections();
      prometheus.close();
      await plane.stop();
      await rm(directory, { recursive: true, force: true });
    },
  });
  return cluster;
}

/** Ready when its caches are filled. Its servers for metrics and health stay off with an invalid port. */
async function startController(program: string, kubeconfig: string): Promise<ChildProcess> {
  const controller = spawn(
    program,
    [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--metricsPort=-1", "--healthzPort=-1"],
    { env: { ...process.env, POD_NAMESPACE: "argo-rollouts" }, stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  controller.stderr?.on("data", (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4_000);
  });
  for (let tries = 0; tries < 600; tries += 1) {
    if (controller.exitCode !== null) throw new Error(`the Rollouts controller ended: ${said}`);
    if (said.includes("Started controller")) return controller;
    await sleep(100);
  }
  throw new Error(`the Rollouts controller did not start: ${said}`);
}

/** What the ReplicaSet controller and the nodes do: pods are there as soon as they are asked for. */
async function keepReplicaSets(
  plane: ControlPlane,
  available: (replicaSet: V1ReplicaSet) => number,
  signal: AbortSignal,
): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
  while (!signal.aborted) {
    try {
      const { items } = await plane.send<{ items: V1ReplicaSet[] }>({ method: "GET", path });
      for (const replicaSet of items) {
        const { metadata, spec, status } = replicaSet;
        const count = Math.min(available(replicaSet), spec?.replicas ?? 0);
        if (
          status?.replicas === spec?.replicas &&
          (status?.availableReplicas ?? 0) === count &&
          status?.observedGeneration === metadata?.generation
        ) {
          continue;
        }
        await plane.send({
          method: "PATCH",
          path: `${path}/${metadata?.name}/status`,
          contentType: "application/merge-patch+json",
          body: {
            status: {
              replicas: spec?.replicas,
              fullyLabeledReplicas: spec?.replicas,
              readyReplicas: count,
              availableReplicas: count,
              observedGeneration: metadata?.generation,
            },
          },
        });
      }
    } catch {
      // A ReplicaSet that was removed meanwhile.
    }
    await sleep(100);
  }
}
