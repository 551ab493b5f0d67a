import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import type { ControlPlane } from "./controlPlane.ts";

/** Writes an object as a manager of its own. `path` is that of its kind. */
export async function applyAsTest(plane: ControlPlane, path: string, object: KubernetesObject): Promise<void> {
  await plane.send({
    method: "PATCH",
    path: `${path}/${object.metadata.name}`,
    query: { fieldManager: "test", force: "true" },
    body: object,
    contentType: "application/apply-patch+yaml",
  });
}

/** Custom resource definitions of files, and namespaces of models and their gateway. Returns when the kinds are served. */
export async function prepareForModels(
  plane: ControlPlane,
  files: readonly string[],
  namespace: string,
): Promise<void> {
  for (const file of files) {
    for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
      const definition = document.toJS() as KubernetesObject | null;
      if (definition?.kind !== "CustomResourceDefinition") continue;
      await applyAsTest(plane, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
    }
  }
  for (const name of [namespace, "istio-system"]) {
    await applyAsTest(plane, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  const kinds = ["argoproj.io/v1alpha1/rollouts", "argoproj.io/v1alpha1/analysistemplates"];
  for (const kind of [...kinds, "networking.istio.io/v1/virtualservices", "networking.istio.io/v1/destinationrules"]) {
    await untilServed(plane, `/apis/${kind}`);
  }
}

/** A definition that was made is served a moment later. */
async function untilServed(plane: ControlPlane, path: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const answered = await plane.send({ method: "GET", path }).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new Error(`${path} is not served`);
}

/**
 * The real Rollouts controller, ready when its caches are filled. Its servers for metrics and health stay off with an
 * invalid port. It logs to a file beside the kubeconfig: a pipe that a busy test does not empty would hold it up.
 */
export async function startRolloutsController(program: string, kubeconfig: string): Promise<ChildProcess> {
  const args = ["--leader-elect=false", "--metricsPort=-1", "--healthzPort=-1", "--qps=200", "--burst=400"];
  const log = `${kubeconfig}-${Date.now()}.log`;
  const output = openSync(log, "w");
  const controller = spawn(program, [`--kubeconfig=${kubeconfig}`, ...args], {
    env: { ...process.env, POD_NAMESPACE: "argo-rollouts" },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  for (let tries = 0; tries < 600; tries += 1) {
    const said = await readFile(log, "utf8");
    if (controller.exitCode !== null) throw new Error(`the Rollouts controller ended: ${said.slice(-4_000)}`);
    if (said.includes("Started controller")) return controller;
    await sleep(100);
  }
  throw new Error("the Rollouts controller did not start");
}

/** Ends a process at once. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** A Prometheus that answers what a test says. */
export interface ScriptedPrometheus {
  /** `http://host:port`. */
  readonly address: string;
  close(): void;
}

/** `answer` is the value of the one series of a query, undefined for no data, `away` for an error. */
export async function scriptedPrometheus(
  answer: (query: string) => number | undefined | "away",
): Promise<ScriptedPrometheus> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const value = answer(new URLSearchParams(Buffer.concat(chunks).toString()).get("query") ?? "");
    if (value === "away") {
      response.writeHead(503).end();
      return;
    }
    const result = value === undefined ? [] : [{ metric: {}, value: [Date.now() / 1_000, String(value)] }];
    response
      .setHeader("content-type", "application/json")
      .end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
