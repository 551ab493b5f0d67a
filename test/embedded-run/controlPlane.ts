import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import getPort from "get-port";
import { cacheDirectory } from "../../embedded/toolchain/cache.ts";
import { istioDefinitions } from "../../embedded/toolchain/customResources.ts";
import { installTools } from "../../embedded/toolchain/installTools.ts";
import { etcd, kubernetes } from "../../embedded/toolchain/tools.ts";
import { type ApiRequest, KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";

/** An API server and its store. No controller acts on what tests write, except the garbage collector where it is asked for. */
export interface ControlPlane {
  readonly kubeconfig: string;
  readonly client: KubernetesClient;
  send<Answer>(request: ApiRequest): Promise<Answer>;
  /** Files with Istio's custom resource definitions. */
  readonly istioDefinitions: readonly string[];
  /** Kills the API server; it comes back on the same port after `downMs`. */
  restart(downMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** What runs beside the API server. */
export interface ControlPlaneOptions {
  /**
   * Whether the garbage collector runs. Pulumi's Kubernetes provider deletes with foreground propagation, and waits
   * until the collector has taken the finalizer away. @default false
   */
  readonly garbageCollector?: boolean;
}

export async function startControlPlane({ garbageCollector = false }: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const installed = await installTools([etcd, kubernetes, istioDefinitions], {
    cache: cacheDirectory(),
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const program = (tool: string, file: string) => installed.get(tool)?.files.get(file) ?? file;
  const directory = await mkdtemp(join(tmpdir(), "serin-control-plane-"));
  const [client, peer, secure] = [await getPort(), await getPort(), await getPort()];
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(directory, "sa.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(directory, "sa.pub"), publicKey.export({ type: "spki", format: "pem" }));
  const token = randomBytes(24).toString("hex");
  await writeFile(join(directory, "tokens.csv"), `${token},admin,admin,system:masters\n`);

  const store = start(program("etcd", "etcd"), [
    ...["--data-dir", join(directory, "etcd"), "--unsafe-no-fsync"],
    ...["--listen-client-urls", `http://127.0.0.1:${client}`, "--advertise-client-urls", `http://127.0.0.1:${client}`],
    ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
  ]);
  const startServer = () =>
    start(program("kubernetes", "kube-apiserver"), [
      `--etcd-servers=http://127.0.0.1:${client}`,
      ...[`--secure-port=${secure}`, "--bind-address=127.0.0.1", `--cert-dir=${directory}`],
      `--token-auth-file=${join(directory, "tokens.csv")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${join(directory, "sa.pub")}`,
      `--service-account-signing-key-file=${join(directory, "sa.key")}`,
      ...["--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/16"],
      "--disable-admission-plugins=ServiceAccount",
    ]);
  let server = startServer();
  await listening(secure);
  const authority = await readFile(join(directory, "apiserver.crt"));
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "test",
        cluster: { server: `https://127.0.0.1:${secure}`, "certificate-authority-data": authority.toString("base64") },
      },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
  const api = new KubernetesClient(kubeconfig);
  const untilReady = async () => {
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        await api.send({ method: "GET", path: "/api/v1/namespaces/kube-system" });
        return;
      } catch {
        await sleep(100);
      }
    }
    throw new Error("the API server did not become ready");
  };
  await untilReady();
  const kubeconfigFile = join(directory, "kubeconfig.json");
  await writeFile(kubeconfigFile, kubeconfig);
  const collector = garbageCollector
    ? start(program("kubernetes", "kube-controller-manager"), [
        ...[`--kubeconfig=${kubeconfigFile}`, "--leader-elect=false", "--secure-port=0"],
        "--controllers=garbage-collector-controller",
      ])
    : undefined;
  return {
    kubeconfig,
    client: api,
    send: (request) => api.send(request),
    istioDefinitions: istioDefinitions.files.map((file) => program(istioDefinitions.name, file)),
    async restart(downMs) {
      await stop(server);
      await sleep(downMs);
      server = startServer();
    },
    async stop() {
      if (collector !== undefined) await stop(collector);
      await stop(server);
      await stop(store);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

type Child = ReturnType<typeof start>;

function start(file: string, args: string[]) {
  return spawn(file, args, { stdio: "ignore" });
}

async function stop(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Waits until something else has the port. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (!free) return;
    await sleep(100);
  }
  throw new Error(`nothing listens on port ${port}`);
}
