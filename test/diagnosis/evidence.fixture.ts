import { readFileSync } from "node:fs";
import type {
  ContainerEvidence,
  EventEvidence,
  Evidence,
  PodEvidence,
  RolloutEvidence,
} from "../../diagnosis/evidence.ts";
import { tellingLines } from "../../diagnosis/gather/log.ts";

/** When the fixtures were looked at. */
export const at = "2026-11-28T08:10:00.000Z";

/** `seconds` before that. */
export const ago = (seconds: number): string => new Date(Date.parse(at) - seconds * 1_000).toISOString();

export const triton: ContainerEvidence = {
  name: "triton",
  init: false,
  ready: true,
  started: true,
  restarts: 0,
  runningSince: ago(3_600),
  log: [],
};

export const sidecar: ContainerEvidence = { ...triton, name: "istio-proxy" };

/** A pod of version 1 that serves. */
export const serving: PodEvidence = {
  name: "fraud-5d8f-abcde",
  version: "1",
  hash: "5d8f",
  createdAt: ago(3_600),
  phase: "Running",
  node: "gpu-1",
  ready: true,
  ending: false,
  containers: [sidecar, triton],
  logCommand: "kubectl logs -n models fraud-5d8f-abcde -c triton",
};

/** A pod of version 2 that does not, with what is given of its container. */
export function failing(container: Partial<ContainerEvidence> = {}, pod: Partial<PodEvidence> = {}): PodEvidence {
  const { runningSince: _, ...rest } = triton;
  return {
    ...serving,
    name: "fraud-7c9b-vwxyz",
    version: "2",
    hash: "7c9b",
    createdAt: ago(60),
    ready: false,
    containers: [sidecar, { ...rest, ready: false, started: false, ...container }],
    logCommand: "kubectl logs -n models fraud-7c9b-vwxyz -c triton",
    ...pod,
  };
}

export const rollout: RolloutEvidence = {
  phase: "Healthy",
  message: "",
  observed: true,
  aborted: false,
  waitsForPerson: false,
  version: "1",
  stableHash: "5d8f",
  currentHash: "5d8f",
  replicas: 1,
  readyReplicas: 1,
};

/** A release of version 2 under way. */
export const releasing: RolloutEvidence = {
  ...rollout,
  phase: "Progressing",
  version: "2",
  currentHash: "7c9b",
  message: "more replicas need to be updated",
};

/** A model that serves, everything looked at and nothing wrong. */
export const healthy: Evidence = {
  model: {
    name: "fraud",
    namespace: "models",
    version: "1",
    host: "fraud.models.example.com",
    backend: "python",
    gpus: 0,
    memory: "2GiB",
    sharedMemory: "256MiB",
    startup: "5m",
    jwt: false,
  },
  at,
  embedded: false,
  kubectl: "kubectl",
  pods: [serving],
  events: [],
  rollout,
  analyses: [
    {
      name: "fraud-5d8f-1",
      phase: "Successful",
      startedAt: ago(900),
      metrics: [{ name: "error-rate", phase: "Successful", message: "", values: ["[1]"] }],
    },
  ],
  nodes: [
    {
      name: "gpu-1",
      ready: true,
      cordoned: false,
      pressures: [],
      taints: ["nvidia.com/gpu=present:NoSchedule"],
      gpus: 8,
      message: "",
    },
  ],
  route: {
    entries: [{ name: "fraud", gateways: ["istio-ingress/models"] }],
    gateways: { "istio-ingress/models": ["*.models.example.com"] },
    release: true,
    address: "http://10.0.0.1",
  },
  request: {
    url: "http://10.0.0.1/v2/models/fraud/ready",
    host: "fraud.models.example.com",
    status: 200,
    body: "",
    server: "istio-envoy",
  },
  certificates: [
    {
      name: "istio-ingress/models",
      ready: true,
      message: "Certificate is up to date and has not expired",
      notAfter: ago(-86_400),
    },
  ],
  prometheus: {
    address: "http://prometheus-operated.monitoring.svc:9090",
    targets: [{ pod: serving.name, health: "up", lastError: "", lastScrape: ago(5) }],
    allTargets: 24,
  },
  webhooks: [
    {
      name: "istio-sidecar-injector/namespace.sidecar-injector.istio.io",
      refuses: true,
      resources: ["pods"],
      service: "istio-system/istiod",
      endpoints: 2,
    },
  ],
  controllers: [
    {
      name: "Rollouts controller",
      does: "no release goes on or back",
      object: "Deployment argo-rollouts/argo-rollouts",
      ready: 2,
      wanted: 2,
      message: "",
    },
  ],
  clock: { server: at, here: at },
  notRead: {},
};

/** A version 2 that does not start. */
export function broken(
  container: Partial<ContainerEvidence> = {},
  more: Partial<Evidence> = {},
  pod: Partial<PodEvidence> = {},
): Evidence {
  return { ...healthy, rollout: releasing, pods: [failing(container, pod), serving], ...more };
}

/** The same, with an event of its pod. */
export function withEvent(
  reason: string,
  message: string,
  container: Partial<ContainerEvidence> = {},
  pod: Partial<PodEvidence> = {},
): Evidence {
  return broken(container, { events: [event(`Pod/fraud-7c9b-vwxyz`, reason, message)] }, { phase: "Pending", ...pod });
}

/** The same, with an event of its ReplicaSet and no pod. */
export function notMade(message: string): Evidence {
  return {
    ...healthy,
    rollout: releasing,
    pods: [serving],
    events: [event("ReplicaSet/fraud-7c9b", "FailedCreate", message)],
  };
}

export function event(object: string, reason: string, message: string): EventEvidence {
  return { object, reason, message, count: 3, lastAt: ago(5) };
}

/** The telling lines of a start of Triton 2.51.0 that was recorded with one fault in the sample model. */
export function recorded(fault: string): Partial<ContainerEvidence> {
  const text = readFileSync(`test/diagnosis/triton/${fault}.log`, "utf8");
  return { log: tellingLines(text), restarts: 1, ended: { exitCode: 1, reason: "Error", message: "" } };
}
