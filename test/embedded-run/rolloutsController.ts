import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1ReplicaSet } from "@kubernetes/client-node";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { ModelDeployment } from "../../components/model/index.ts";
import type { Model } from "../../components/model/model.ts";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { argoRolloutsDefinitions, prometheusOperatorDefinitions } from "../../embedded/toolchain/customResources.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { argoRollouts } from "../../embedded/toolchain/tools.ts";
import { LiveEngine } from "../../engine/live/liveEngine.ts";
import { context, host } from "../components/model/fixtures.ts";
import { type ControlPlane, startControlPlane } from "./controlPlane.ts";
import { endProcess, prepareForModels, scriptedPrometheus, startRolloutsController } from "./rolloutsParts.ts";

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
  const files = [argoRolloutsDefinitions, prometheusOperatorDefinitions].flatMap(({ name }) => [
    ...(installed.get(name)?.files.values() ?? []),
  ]);
  await prepareForModels(plane, [...plane.istioDefinitions, ...files], namespace);

  const directory = await mkdtemp(join(tmpdir(), "serin-rollouts-"));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, plane.kubeconfig, { mode: 0o600 });
  const state = {
    answer: (_: string): number | undefined => undefined,
    available: ({ spec }: V1ReplicaSet): number => spec?.replicas ?? 0,
  };
  const prometheus = await scriptedPrometheus((query) => cluster.answer(query));
  const prometheusAddress = prometheus.address;
  const controller = await startRolloutsController(
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
      await endProcess(controller);
      prometheus.close();
      await plane.stop();
      await rm(directory, { recursive: true, force: true });
    },
  });
  return cluster;
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
