import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import getPort from "get-port";
import { parseAllDocuments, stringify } from "yaml";
import type { Allocation } from "../../embedded/controlPlane/allocation.ts";
import { gatewayBootstrap } from "../../embedded/mesh/gateway.ts";
import { istiod as istiodProcess, meshConfig } from "../../embedded/mesh/istiod.ts";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { envoy, istiod } from "../../embedded/toolchain/tools.ts";
import type { KubernetesObject } from "../../engine/kubernetes/kubernetesObject.ts";
import { type ControlPlane, startControlPlane } from "./controlPlane.ts";
import { eventually } from "./environmentRuns.ts";

/** The block of loopback addresses that no embedded environment takes. */
const host = "127.255.0.1";
/** Of every Envoy of the mesh, on its own address. */
const adminPort = 15_000;

/**
 * The real istiod on a bare control plane, an Envoy as its ingress gateway, and Envoys as sidecars that istiod drives:
 * those of an embedded environment are not, so what istiod makes of a policy at a pod is seen here.
 */
export class Mesh {
  readonly gateway: { readonly address: string; readonly port: number };
  readonly #plane: ControlPlane;
  readonly #directory: string;
  readonly #envoy: string;
  readonly #ports: Allocation["ports"];
  readonly #running: ChildProcess[] = [];

  private constructor(plane: ControlPlane, directory: string, program: string, ports: Allocation["ports"]) {
    this.#plane = plane;
    this.#directory = directory;
    this.#envoy = program;
    this.#ports = ports;
    this.gateway = { address: host, port: ports.gateway };
  }

  static async start(): Promise<Mesh> {
    const [plane, installed] = await Promise.all([
      startControlPlane(),
      installTools([istiod, envoy], {
        cache: cacheDirectory(),
        signal: new AbortController().signal,
        onProgress: () => {},
      }),
    ]);
    const program = (tool: string, file: string) => installed.get(tool)?.files.get(file) ?? file;
    const directory = await mkdtemp(join(tmpdir(), "serin-mesh-"));
    const names = [
      "istiodGrpc",
      "istiodHttp",
      "istiodMonitoring",
      "istiodIntrospection",
      "gateway",
      "gatewayAdmin",
    ] as const;
    const chosen = await Promise.all(names.map(async (name) => [name, await getPort({ host })]));
    const ports = { ...Object.fromEntries(chosen), gatewayAdmin: adminPort } as Allocation["ports"];
    const mesh = new Mesh(plane, directory, program("envoy", "envoy"), ports);
    for (const file of plane.istioDefinitions) {
      for (const document of parseAllDocuments(await readFile(file, "utf8"))) {
        const definition = document.toJS() as KubernetesObject | null;
        if (definition?.kind !== "CustomResourceDefinition") continue;
        await mesh.#apply("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
      }
    }
    for (const name of ["istio-system", "models"]) {
      await mesh.#apply("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    await mesh.#apply("/api/v1/namespaces/istio-system/configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "istio", namespace: "istio-system" },
      data: { mesh: stringify(meshConfig), meshNetworks: "networks: {}" },
    } as KubernetesObject);
    const kubeconfig = join(directory, "kubeconfig");
    await writeFile(kubeconfig, plane.kubeconfig);
    const { args, env } = istiodProcess({
      host,
      ports,
      tools: { istiod: "" },
      credentials: { kubeconfigs: { istiod: kubeconfig } },
    } as unknown as Allocation);
    mesh.#spawn("istiod", program("istiod", "pilot-discovery"), args, env);
    await mesh.#proxy("gateway", host, gatewayBootstrap(host, ports));
    // Certificates for mutual TLS are served by istio-agent alone.
    await mesh.make("security.istio.io/v1", "PeerAuthentication", "istio-system", "default", {
      mtls: { mode: "DISABLE" },
    });
    return mesh;
  }

  /** Starts an Envoy at an address, as the sidecar of a pod with these labels, with the listeners of a Sidecar object. */
  async sidecar(name: string, address: string, labels: Record<string, string>): Promise<void> {
    const bootstrap = gatewayBootstrap(host, { ...this.#ports });
    const { metadata } = bootstrap.node;
    await this.#proxy(name, address, {
      ...bootstrap,
      admin: { address: { socket_address: { address, port_value: adminPort } } },
      node: {
        id: `sidecar~${address}~${name}.models~models.svc.cluster.local`,
        cluster: `${name}.models`,
        metadata: {
          ...metadata,
          NAMESPACE: "models",
          LABELS: labels,
          INSTANCE_IPS: address,
          WORKLOAD_NAME: name,
          INTERCEPTION_MODE: "NONE",
        },
      },
    });
  }

  async make(apiVersion: string, kind: string, namespace: string, name: string, spec: unknown): Promise<void> {
    const plural = `${kind.toLowerCase().replace(/([^aeiou])y$/, "$1ie")}s`;
    const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
    const object = { apiVersion, kind, metadata: { name, namespace }, spec } as KubernetesObject;
    // A new definition is served a moment later.
    await eventually(() => this.#apply(`${root}/namespaces/${namespace}/${plural}`, object));
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#running.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill("SIGKILL");
        await once(child, "exit");
      }),
    );
    await this.#plane.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #apply(path: string, object: KubernetesObject): Promise<void> {
    await this.#plane.send({
      method: "PATCH",
      path: `${path}/${object.metadata.name}`,
      query: { fieldManager: "test", force: "true" },
      body: object,
      contentType: "application/apply-patch+yaml",
    });
  }

  async #proxy(name: string, _address: string, bootstrap: unknown): Promise<void> {
    const path = join(this.#directory, `${name}.json`);
    await writeFile(path, JSON.stringify(bootstrap));
    this.#spawn(name, this.#envoy, ["-c", path, "--disable-hot-restart", "--concurrency", "1", "-l", "warning"]);
  }

  #spawn(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
    child.stderr?.on("data", (text) => process.env.MESH_DEBUG && console.log(name, String(text)));
    this.#running.push(child);
  }
}
