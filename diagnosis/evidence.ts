/**
 * What is looked at to explain a fault, as plain data. A part that is absent was not looked at, or could not be read:
 * `notRead` says why. No rule reads anything else, so each can be tried on what a cluster once said.
 */
export interface Evidence {
  /** What is declared of the model. */
  readonly model: DeclaredModel;
  /** When it was looked at, ISO 8601. */
  readonly at: string;
  /** The environment on one machine: its nodes are simulated and none is added, and its pods have no sidecar. */
  readonly embedded: boolean;
  /** How kubectl reaches the cluster: `kubectl`, with its options. */
  readonly kubectl: string;
  /** The model's pods, newest first. */
  readonly pods: readonly PodEvidence[];
  /** Warnings about the model's objects, newest first. */
  readonly events: readonly EventEvidence[];
  /** The Rollout. Absent: there is none. */
  readonly rollout?: RolloutEvidence;
  /** The AnalysisRuns of the newest revision, oldest first. */
  readonly analyses?: readonly AnalysisEvidence[];
  /** All nodes. */
  readonly nodes?: readonly NodeEvidence[];
  /** The way from the gateway to the model. */
  readonly route?: RouteEvidence;
  /** What a request for the model's readiness got, through the gateway as callers reach it. */
  readonly request?: RequestEvidence;
  /** Certificates that cert-manager makes. */
  readonly certificates?: readonly CertificateEvidence[];
  /** What the Prometheus that the analyses ask says of its targets. */
  readonly prometheus?: PrometheusEvidence;
  /** Webhooks that the API server asks before it takes objects. */
  readonly webhooks?: readonly WebhookEvidence[];
  /** What a release needs to run: controllers, mesh, gateway, metrics. */
  readonly controllers?: readonly ControllerEvidence[];
  /** The API server's clock and this machine's at that moment, ISO 8601. */
  readonly clock?: { readonly server: string; readonly here: string };
  /** The parts that could not be read, and why. */
  readonly notRead: Readonly<Record<string, string>>;
}

/** What rules need to know of a model's declaration. */
export interface DeclaredModel {
  /** The name, which is that of its Rollout. */
  readonly name: string;
  /** The namespace of its pods. */
  readonly namespace: string;
  /** The declared version. */
  readonly version: string;
  /** Its host name at the gateway. */
  readonly host: string;
  /** The Triton backend. */
  readonly backend: string;
  /** GPUs of one pod. 0: it runs on CPU. */
  readonly gpus: number;
  /** Memory of one pod, as it is declared: `4GiB`. */
  readonly memory: string;
  /** Shared memory of one pod, as it is declared: `1GiB`. */
  readonly sharedMemory: string;
  /** Longest start of a container, as it is declared: `5m`. */
  readonly startup: string;
  /** Whether callers need a token. */
  readonly jwt: boolean;
}

/** One pod of the model. */
export interface PodEvidence {
  /** `metadata.name`. */
  readonly name: string;
  /** The version label; `?` without one. */
  readonly version: string;
  /** The pod template hash; empty without one. */
  readonly hash: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed`. */
  readonly phase: string;
  /** Why the pod as a whole failed: `Evicted`. Absent while it has not. */
  readonly reason?: string;
  /** The same in a sentence. */
  readonly message?: string;
  /** The node. Absent: it is not scheduled. */
  readonly node?: string;
  /** Whether it serves: condition `Ready`. */
  readonly ready: boolean;
  /** Whether it is being deleted. */
  readonly ending: boolean;
  /** Why the scheduler has found no node: the message of condition `PodScheduled`. */
  readonly unscheduled?: string;
  /** Init containers first. */
  readonly containers: readonly ContainerEvidence[];
  /** A command that shows the log of a container. */
  readonly logCommand: string;
}

/** One container of a pod. */
export interface ContainerEvidence {
  /** `triton`, `istio-proxy`, `artifact-check`. */
  readonly name: string;
  /** Whether it must end before the others start. */
  readonly init: boolean;
  /** As the kubelet has it: passing its readiness probe; of an init container: ended well. */
  readonly ready: boolean;
  /** Whether its start-up probe has succeeded. */
  readonly started: boolean;
  /** How often it was started anew. */
  readonly restarts: number;
  /** Since when it runs, ISO 8601. Absent: it does not. */
  readonly runningSince?: string;
  /** Why it waits: `ImagePullBackOff`, with the kubelet's sentence. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** How its last process ended. */
  readonly ended?: EndEvidence;
  /** The last lines of its log that matter, of the process before, too. Empty: none was read. */
  readonly log: readonly string[];
}

/** How a process of a container ended. */
export interface EndEvidence {
  /** 128 and the number of the signal, where a signal ended it. */
  readonly exitCode: number;
  /** The kubelet's word: `Error`, `OOMKilled`, `Completed`. */
  readonly reason: string;
  /** The termination message. Empty: there is none. */
  readonly message: string;
}

/** A Warning about one object. */
export interface EventEvidence {
  /** `Pod/fraud-6c5d-x2x1z`. */
  readonly object: string;
  /** `FailedScheduling`. */
  readonly reason: string;
  /** The sentence. */
  readonly message: string;
  /** How often it happened. */
  readonly count: number;
  /** When it happened last, ISO 8601. */
  readonly lastAt: string;
}

/** The Rollout of the model. */
export interface RolloutEvidence {
  /** `Healthy`, `Progressing`, `Paused`, `Degraded`; `Unknown` before the controller's first report. */
  readonly phase: string;
  /** Why, in the controller's words. */
  readonly message: string;
  /** Whether the controller has seen the last change. */
  readonly observed: boolean;
  /** Whether the release was ended. */
  readonly aborted: boolean;
  /** Whether a person has paused it, or a step waits for one. */
  readonly waitsForPerson: boolean;
  /** The version that was declared last. */
  readonly version: string;
  /** Empty before the first version is stable. */
  readonly stableHash: string;
  /** Of the newest version. */
  readonly currentHash: string;
  /** Pods it shall have. */
  readonly replicas: number;
  /** Pods that are ready, of all versions. */
  readonly readyReplicas: number;
  /** When anybody but the controller has written to it last, ISO 8601. Absent: it does not tell. */
  readonly changedAt?: string;
}

/** One AnalysisRun. */
export interface AnalysisEvidence {
  /** Its name. */
  readonly name: string;
  /** `Running`, `Failed`, `Error`, `Inconclusive`, `Successful`. */
  readonly phase: string;
  /** When it began, ISO 8601. */
  readonly startedAt: string;
  /** Its metrics. */
  readonly metrics: readonly {
    readonly name: string;
    readonly phase: string;
    readonly message: string;
    /** What the last measurements gave, newest last: `[]` is a query without data. */
    readonly values: readonly string[];
  }[];
}

/** One node. */
export interface NodeEvidence {
  /** `metadata.name`. */
  readonly name: string;
  /** Whether its kubelet reports that it takes pods. */
  readonly ready: boolean;
  /** Whether it is cordoned. */
  readonly cordoned: boolean;
  /** Conditions that hold and should not: `DiskPressure`. */
  readonly pressures: readonly string[];
  /** Its taints as kubectl writes them: `nvidia.com/gpu=present:NoSchedule`. */
  readonly taints: readonly string[];
  /** GPUs that pods can have. */
  readonly gpus: number;
  /** Why it is not ready, in the kubelet's or the node controller's words; empty while it is. */
  readonly message: string;
}

/** The way from the gateway to the model. */
export interface RouteEvidence {
  /** VirtualServices that have the model's host, each with its gateways. */
  readonly entries: readonly { readonly name: string; readonly gateways: readonly string[] }[];
  /** Gateways by `<namespace>/<name>`, with their hosts. */
  readonly gateways: Readonly<Record<string, readonly string[]>>;
  /** Whether the VirtualService with the weights exists. */
  readonly release: boolean;
  /** Whether the gateway has an address. Absent: this machine cannot know it. */
  readonly address?: string;
}

/** What one request got. */
export interface RequestEvidence {
  /** Where it went. */
  readonly url: string;
  /** The host that it named. */
  readonly host: string;
  /** The status. Absent: there was no answer. */
  readonly status?: number;
  /** The first 300 characters of the answer. */
  readonly body?: string;
  /** What answered, by its header `server`. */
  readonly server?: string;
  /** Why there was no answer: `ENOTFOUND`, `ECONNREFUSED`, `CERT_HAS_EXPIRED`, with its sentence. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** A certificate of cert-manager. */
export interface CertificateEvidence {
  /** `<namespace>/<name>`. */
  readonly name: string;
  /** Whether it is there and in date. */
  readonly ready: boolean;
  /** cert-manager's sentence. */
  readonly message: string;
  /** Until when it holds, ISO 8601. Absent: it was never made. */
  readonly notAfter?: string;
}

/** What Prometheus says of itself. */
export interface PrometheusEvidence {
  /** Its address, as the analyses have it. */
  readonly address: string;
  /** Why it does not answer. Absent: it does. */
  readonly error?: string;
  /** Targets that are pods of the model. */
  readonly targets: readonly {
    /** The pod. */
    readonly pod: string;
    /** `up`, `down` or `unknown`. */
    readonly health: string;
    /** Why the last scrape failed; empty if it did not. */
    readonly lastError: string;
    /** When it was scraped last, ISO 8601. */
    readonly lastScrape: string;
  }[];
  /** All its targets, of whatever. */
  readonly allTargets: number;
}

/** A webhook that the API server asks. */
export interface WebhookEvidence {
  /** `<configuration>/<webhook>`. */
  readonly name: string;
  /** Whether a request is refused when it does not answer (`failurePolicy: Fail`). */
  readonly refuses: boolean;
  /** Kinds that it is asked about: `pods`, `rollouts`. */
  readonly resources: readonly string[];
  /** The Service behind it, `<namespace>/<name>`. Absent: a URL. */
  readonly service?: string;
  /** Ready pods behind that Service. Absent: not known. */
  readonly endpoints?: number;
}

/** Something that must run. */
export interface ControllerEvidence {
  /** What it is: `Rollouts controller`, `istiod`, `gateway`. */
  readonly name: string;
  /** What it does for a release, to say what stops without it. */
  readonly does: string;
  /** `Deployment argo-rollouts/argo-rollouts`, `process istiod`. */
  readonly object: string;
  /** Pods or processes that are ready. */
  readonly ready: number;
  /** Those that should be. */
  readonly wanted: number;
  /** How it ended last, or why it is not ready; empty if it says nothing. */
  readonly message: string;
}
