import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CoreV1Event, KubernetesListObject, V1Container, V1Pod } from "@kubernetes/client-node";
import { expect } from "vitest";
import { type Artifact, artifactContainer } from "../../components/model/artifact.ts";
import { type Environment, startEnvironment } from "../../embedded/environment/environment.ts";
import { faultAnnotation } from "../../embedded/faults/fault.ts";
import { bucketsAnnotation } from "../../embedded/nodeAgent/latencyBuckets.ts";
import { clientOf, eventually } from "./environmentRuns.ts";

export const modelStore = join(import.meta.dirname, "../../stacks/models/repository");

export function startWithModels(name: string): Promise<Environment> {
  return startEnvironment(name, { modelStore });
}

/** What a pod of these tests is like; probes are quick, so that tests are. */
export interface PodOptions {
  readonly version?: string;
  readonly fault?: string;
  readonly labels?: Record<string, string>;
  readonly claim?: string;
  readonly preStopSeconds?: number;
  readonly artifact?: Artifact;
}

export function fraudPod(name: string, options: PodOptions = {}): V1Pod {
  const { version = "1", fault, labels, claim = "model-store", preStopSeconds, artifact } = options;
  const probe = { periodSeconds: 1, timeoutSeconds: 3 };
  const ready = { path: "/v2/health/ready", port: "http" };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "models",
      labels: { app: name, version, "serin.dev/server": "triton", ...labels },
      annotations: {
        [bucketsAnnotation]: JSON.stringify({ istiocustom: [5, 50, 150, 1000] }),
        ...(fault === undefined ? {} : { [faultAnnotation]: fault }),
      },
    },
    spec: {
      nodeName: "cpu-1",
      terminationGracePeriodSeconds: 20,
      ...(artifact === undefined
        ? {}
        : {
            initContainers: [
              artifactContainer(artifact, `/models/fraud/${version}`, {
                image: `nvcr.io/nvidia/tritonserver@sha256:${"a".repeat(64)}`,
                volumeMounts: [{ name: "models", mountPath: "/models", readOnly: true }],
              }) as V1Container,
            ],
          }),
      containers: [
        {
          name: "triton",
          image: `nvcr.io/nvidia/tritonserver@sha256:${"a".repeat(64)}`,
          args: ["tritonserver", `--model-repository=/models/fraud/${version}`],
          ports: [
            { name: "http", containerPort: 8000 },
            { name: "grpc", containerPort: 8001 },
            { name: "metrics", containerPort: 8002 },
          ],
          startupProbe: { httpGet: ready, ...probe, failureThreshold: 120 },
          readinessProbe: { httpGet: ready, ...probe, failureThreshold: 3 },
          ...(preStopSeconds === undefined ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } }),
          volumeMounts: [{ name: "models", mountPath: "/models", readOnly: true }],
        },
      ],
      volumes: [{ name: "models", persistentVolumeClaim: { claimName: claim, readOnly: true } }],
    },
  };
}

/** A PodMonitor for the pods of these tests with a label. */
export function podMonitor(app: string) {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: { name: app, namespace: "models" },
    spec: {
      selector: { matchLabels: { app } },
      podMetricsEndpoints: [
        { port: "metrics", path: "/metrics" },
        { port: "http-envoy-prom", path: "/stats/prometheus" },
      ],
    },
  };
}

/** The pods of an environment, seen from outside. */
export class Pods {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async create(object: object & { kind?: string; metadata?: object }): Promise<void> {
    await clientOf(this.#environment).create(object);
  }

  async read(name: string): Promise<V1Pod> {
    const metadata = { name, namespace: "models" };
    return (await clientOf(this.#environment).read({ apiVersion: "v1", kind: "Pod", metadata })) as V1Pod;
  }

  /** Creates a pod and waits until it is ready; gives the address it has in the mesh. */
  async run(name: string, options: PodOptions = {}): Promise<string> {
    await this.create(fraudPod(name, options));
    await this.whenReady(name);
    return this.address(name);
  }

  /** What the events of a pod say, the oldest first. */
  async events(name: string): Promise<string[]> {
    const list = (await clientOf(this.#environment).list("v1", "Event", "models")) as KubernetesListObject<CoreV1Event>;
    return list.items.filter(({ involvedObject }) => involvedObject.name === name).map(({ message = "" }) => message);
  }

  async whenReady(name: string): Promise<void> {
    await eventually(async () => expect(isReady(await this.read(name))).toBe(true), 60_000);
  }

  /** Throws when the pod is not in the mesh. */
  async address(name: string): Promise<string> {
    return (await this.registration(name)).spec.address;
  }

  async registration(name: string) {
    const entry: unknown = await clientOf(this.#environment).read({
      apiVersion: "networking.istio.io/v1",
      kind: "WorkloadEntry",
      metadata: { name, namespace: "models" },
    });
    return entry as {
      metadata: { labels: Record<string, string>; ownerReferences: { name: string }[] };
      spec: { address: string; labels: Record<string, string>; ports: Record<string, number> };
    };
  }

  async delete(name: string): Promise<void> {
    await clientOf(this.#environment).delete({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "models" },
    });
  }

  async whenGone(name: string): Promise<void> {
    await eventually(async () => expect(await this.read(name).catch((error) => error.code)).toBe(404), 40_000);
  }

  /** The one value of an instant query; `undefined` when there is no series. */
  async query(query: string): Promise<number | undefined> {
    const answer = await fetch(`${this.#environment.prometheusUrl}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0] === undefined ? undefined : Number(data.result[0].value[1]);
  }
}

export function isReady({ status }: V1Pod): boolean {
  return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

/** The Triton processes of an environment: from the marker in their environment, as nothing else shows them all. */
export function tritonProcesses(environment: Environment): { pid: number; address: string }[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid)) return [];
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const address = words.find((word) => word.startsWith("--http-address="))?.slice("--http-address=".length);
      const marked = readFileSync(`/proc/${pid}/environ`, "utf8").includes(
        `SERIN_ENVIRONMENT_DIR=${environment.dataDir}`,
      );
      return marked && address !== undefined ? [{ pid: Number(pid), address }] : [];
    } catch {
      return [];
    }
  });
}

export function tritonOf(environment: Environment, address: string): number {
  const [found, ...more] = tritonProcesses(environment).filter((process) => process.address === address);
  if (found === undefined || more.length > 0)
    throw new Error(`${more.length} Triton processes too many at ${address}.`);
  return found.pid;
}

/** One inference request to a pod, through its sidecar. */
export async function infer(
  address: string,
  timeoutMs = 5_000,
): Promise<{ status: number; version: string | null; score?: number; error?: string }> {
  const response = await fetch(`http://${address}:8000/v2/models/fraud/infer`, {
    method: "POST",
    body: JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 8], data: Array(8).fill(0) }] }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const version = response.headers.get("x-serin-version");
  const text = await response.text();
  if (response.status !== 200) return { status: response.status, version, error: text };
  const answer = JSON.parse(text) as { outputs: { data: number[] }[] };
  return { status: 200, version, score: answer.outputs[0]?.data[0] ?? Number.NaN };
}
