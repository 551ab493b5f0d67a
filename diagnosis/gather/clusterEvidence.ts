import type { V1Deployment, V1EndpointSlice, V1Node } from "@kubernetes/client-node";
import { Agent, request } from "undici";
import { objectNames } from "../../components/model/objectNames.ts";
import { gatewayLabels } from "../../components/platform/istioGateway.ts";
import { serviceProxyPath } from "../../engine/kubernetes/serviceProxy.ts";
import type {
  AnalysisEvidence,
  CertificateEvidence,
  ControllerEvidence,
  Evidence,
  NodeEvidence,
  PrometheusEvidence,
  RequestEvidence,
  RouteEvidence,
  WebhookEvidence,
} from "../evidence.ts";
import { type Place, reader, startEvidence } from "./startEvidence.ts";

/** Where else is looked than at the cluster itself. */
export interface Surroundings {
  /** The gateway as callers reach it: `https://10.0.0.1`. Absent: it is not known here. */
  readonly address?: string;
  /** Why the gateway has no address, where it should have one. */
  readonly noAddress?: string;
  /** The URL of Prometheus, where this machine reaches it. @default through the API server */
  readonly prometheusUrl?: string;
  /** What runs as processes. Absent: controllers are Deployments of the cluster. */
  readonly processes?: readonly ControllerEvidence[];
}

type Read = ReturnType<typeof reader>;
interface List<Item> {
  readonly items: readonly Item[];
}

const answerMs = 5_000;

/**
 * Everything that rules read: what `startEvidence` has, and nodes, route, one request, certificates, Prometheus,
 * webhooks and controllers.
 *
 * @throws the reason of the place's signal. What cannot be read is in `notRead`.
 */
export async function clusterEvidence(place: Place, surroundings: Surroundings): Promise<Evidence> {
  const { client, signal, embedded = false } = place;
  const start = await startEvidence(place);
  const notRead: Record<string, string> = { ...start.notRead };
  if (surroundings.noAddress !== undefined) notRead.address = surroundings.noAddress;
  const { pods } = start.notRead;
  // An API server that stays away is asked once.
  if (pods !== undefined) return { ...start, notRead };
  const read = reader(client, notRead, signal);
  const [nodes, analyses, route, certificates, webhooks, controllers, prometheus, asked] = await Promise.all([
    read<List<V1Node>>("nodes", "/api/v1/nodes"),
    analysesOf(read, place, start.rollout?.currentHash),
    routeOf(read, place, surroundings.address),
    read<List<RawCertificate>>("certificates", "/apis/cert-manager.io/v1/certificates"),
    embedded ? undefined : webhooksOf(read),
    surroundings.processes ?? controllersOf(read),
    prometheusOf(read, place, surroundings.prometheusUrl),
    surroundings.address === undefined ? undefined : ask(surroundings.address, place),
  ]);
  return {
    ...start,
    ...(nodes === undefined ? {} : { nodes: nodes.items.map(nodeEvidence) }),
    ...(analyses === undefined ? {} : { analyses }),
    ...(route === undefined ? {} : { route }),
    ...(certificates === undefined ? {} : { certificates: certificates.items.map(certificateEvidence) }),
    ...(webhooks === undefined ? {} : { webhooks }),
    ...(controllers === undefined ? {} : { controllers }),
    ...(prometheus === undefined ? {} : { prometheus }),
    ...(asked === undefined ? {} : { request: asked }),
    ...(client.clock === undefined ? {} : { clock: client.clock }),
    notRead,
  };
}

function nodeEvidence({ metadata, spec, status }: V1Node): NodeEvidence {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === "Ready");
  const gpus = Object.entries(status?.allocatable ?? {}).filter(([name]) => /^nvidia\.com\/(gpu|mig-)/.test(name));
  return {
    name: metadata?.name ?? "",
    ready: ready?.status === "True",
    cordoned: spec?.unschedulable === true,
    pressures: conditions
      .filter(({ type, status: state }) => /Pressure$/.test(type) && state === "True")
      .map(({ type }) => type),
    taints: (spec?.taints ?? []).map(
      ({ key, value = "", effect }) => `${key}${value === "" ? "" : `=${value}`}:${effect}`,
    ),
    gpus: gpus.reduce((sum, [, count]) => sum + Number(count), 0),
    message: ready?.status === "True" ? "" : (ready?.message ?? "its kubelet has never reported"),
  };
}

interface RawAnalysis {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly status?: {
    readonly phase?: string;
    readonly metricResults?: readonly {
      readonly name: string;
      readonly phase?: string;
      readonly message?: string;
      readonly measurements?: readonly { readonly value?: string; readonly message?: string }[];
    }[];
  };
}

async function analysesOf(read: Read, { model }: Place, hash = ""): Promise<AnalysisEvidence[] | undefined> {
  if (hash === "") return [];
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${model.namespace}/analysisruns`;
  const list = await read<List<RawAnalysis>>("analyses", path, { labelSelector: `rollouts-pod-template-hash=${hash}` });
  return list?.items
    .map(({ metadata, status = {} }) => ({
      name: metadata.name,
      phase: status.phase ?? "Pending",
      startedAt: metadata.creationTimestamp ?? "",
      metrics: (status.metricResults ?? []).map(({ name, phase = "", message = "", measurements = [] }) => ({
        name,
        phase,
        message: message === "" ? (measurements.at(-1)?.message ?? "") : message,
        values: measurements.map(({ value = "" }) => value),
      })),
    }))
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

interface RawRoute {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly hosts?: readonly string[];
    readonly gateways?: readonly string[];
    readonly servers?: readonly { readonly hosts?: readonly string[] }[];
  };
}

async function routeOf(read: Read, { model }: Place, address: string | undefined): Promise<RouteEvidence | undefined> {
  const { namespace, host, name } = model;
  const [services, gateways] = await Promise.all([
    read<List<RawRoute>>("route", `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices`),
    read<List<RawRoute>>("route", "/apis/networking.istio.io/v1/gateways"),
  ]);
  if (services === undefined || gateways === undefined) return undefined;
  const full = (gateway: string) => (gateway === "mesh" || gateway.includes("/") ? gateway : `${namespace}/${gateway}`);
  return {
    entries: services.items
      .filter(({ spec }) => spec?.hosts?.includes(host) === true)
      .map(({ metadata, spec }) => ({ name: metadata.name, gateways: (spec?.gateways ?? []).map(full) })),
    gateways: Object.fromEntries(
      gateways.items.map(({ metadata, spec }) => [
        `${metadata.namespace}/${metadata.name}`,
        (spec?.servers ?? []).flatMap(({ hosts = [] }) => hosts),
      ]),
    ),
    release: services.items.some(({ metadata }) => metadata.name === objectNames(name).release),
    ...(address === undefined ? {} : { address }),
  };
}

interface RawCertificate {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: {
    readonly notAfter?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

function certificateEvidence({ metadata, status }: RawCertificate): CertificateEvidence {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return {
    name: `${metadata.namespace}/${metadata.name}`,
    ready: ready?.status === "True",
    message: ready?.message ?? "cert-manager has not looked at it",
    ...(status?.notAfter === undefined ? {} : { notAfter: status.notAfter }),
  };
}

interface RawWebhooks {
  readonly metadata: { readonly name: string };
  readonly webhooks?: readonly {
    readonly name: string;
    readonly failurePolicy?: string;
    readonly clientConfig: { readonly service?: { readonly namespace: string; readonly name: string } };
    readonly rules?: readonly { readonly resources?: readonly string[] }[];
  }[];
}

async function webhooksOf(read: Read): Promise<WebhookEvidence[] | undefined> {
  const group = "/apis/admissionregistration.k8s.io/v1";
  const lists = await Promise.all(
    ["mutating", "validating"].map((kind) =>
      read<List<RawWebhooks>>("webhooks", `${group}/${kind}webhookconfigurations`),
    ),
  );
  if (lists.every((list) => list === undefined)) return undefined;
  const behind = new Map<string, Promise<number | undefined>>();
  const endpoints = (service: { namespace: string; name: string } | undefined) => {
    if (service === undefined) return undefined;
    const key = `${service.namespace}/${service.name}`;
    const known = behind.get(key) ?? endpointsOf(read, service);
    behind.set(key, known);
    return known;
  };
  const all = lists
    .flatMap((list) => list?.items ?? [])
    .flatMap(({ metadata, webhooks = [] }) => webhooks.map((webhook) => ({ configuration: metadata.name, webhook })));
  return Promise.all(
    all.map(async ({ configuration, webhook: { name, failurePolicy, clientConfig, rules = [] } }) => {
      const { service } = clientConfig;
      const count = await endpoints(service);
      return {
        name: `${configuration}/${name}`,
        refuses: failurePolicy !== "Ignore",
        resources: [...new Set(rules.flatMap(({ resources = [] }) => resources))],
        ...(service === undefined ? {} : { service: `${service.namespace}/${service.name}` }),
        ...(count === undefined ? {} : { endpoints: count }),
      };
    }),
  );
}

async function endpointsOf(read: Read, { namespace, name }: { namespace: string; name: string }) {
  const list = await read<List<V1EndpointSlice>>(
    "webhooks",
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
    { labelSelector: `kubernetes.io/service-name=${name}` },
  );
  return list?.items.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
    .length;
}

/** What a release needs, by a label of its Deployment. */
const needed: readonly (readonly [label: string, value: string, name: string, does: string])[] = [
  ["app.kubernetes.io/name", "argo-rollouts", "Rollouts controller", "no release goes on, and none goes back"],
  ["app", "istiod", "istiod", "weights do not reach the gateway, and new pods get no sidecar"],
  ["istio", gatewayLabels.istio, "gateway", "nobody outside reaches a model"],
  ["app.kubernetes.io/name", "cert-manager", "cert-manager", "certificates are not renewed"],
  ["app.kubernetes.io/name", "cluster-autoscaler", "cluster-autoscaler", "no node is added for pods that wait"],
  ["app", "kube-prometheus-stack-operator", "Prometheus Operator", "new models are not scraped"],
];

async function controllersOf(read: Read): Promise<ControllerEvidence[] | undefined> {
  const list = await read<List<V1Deployment>>("controllers", "/apis/apps/v1/deployments");
  return list?.items.flatMap(({ metadata, spec, status }) => {
    const labels = { ...spec?.template.metadata?.labels, ...metadata?.labels };
    const found = needed.find(([label, value]) => labels[label] === value);
    if (found === undefined) return [];
    const [, , name, does] = found;
    const failed = status?.conditions?.find(({ type, status: state }) => type === "Available" && state === "False");
    return [
      {
        name,
        does,
        object: `Deployment ${metadata?.namespace}/${metadata?.name}`,
        ready: status?.readyReplicas ?? 0,
        wanted: spec?.replicas ?? 1,
        message: failed?.message ?? "",
      },
    ];
  });
}

interface RawTargets {
  readonly data?: {
    readonly activeTargets?: readonly {
      readonly labels?: Readonly<Record<string, string>>;
      readonly health?: string;
      readonly lastError?: string;
      readonly lastScrape?: string;
    }[];
  };
}

interface RawTemplate {
  readonly spec?: {
    readonly metrics?: readonly { readonly provider?: { readonly prometheus?: { readonly address?: string } } }[];
  };
}

async function prometheusOf(
  read: Read,
  { client, model, signal }: Place,
  url: string | undefined,
): Promise<PrometheusEvidence | undefined> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/${model.namespace}/analysistemplates/${objectNames(model.name).guard}`;
  const template = url === undefined ? await read<RawTemplate>("prometheus", path) : undefined;
  const address = url ?? template?.spec?.metrics?.[0]?.provider?.prometheus?.address;
  const proxy = url === undefined && address !== undefined ? serviceProxyPath(address) : undefined;
  if (address === undefined || (url === undefined && proxy === undefined)) return undefined;
  const patience = AbortSignal.timeout(answerMs);
  const until = signal === undefined ? patience : AbortSignal.any([signal, patience]);
  try {
    const answer =
      proxy === undefined
        ? ((await (
            await fetch(new URL("/api/v1/targets?state=active", address), { signal: until })
          ).json()) as RawTargets)
        : await client.send<RawTargets>({
            method: "GET",
            path: `${proxy}/api/v1/targets`,
            query: { state: "active" },
            signal: until,
          });
    const targets = answer.data?.activeTargets ?? [];
    return {
      address,
      allTargets: targets.length,
      targets: targets.flatMap(({ labels = {}, health = "unknown", lastError = "", lastScrape = "" }) =>
        labels.namespace === model.namespace && labels.pod !== undefined
          ? [{ pod: labels.pod, health, lastError, lastScrape }]
          : [],
      ),
    };
  } catch (error) {
    signal?.throwIfAborted();
    return { address, error: reasonOf(error), targets: [], allTargets: 0 };
  }
}

/** `fetch` says only that it failed; why is its cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = (error ?? {}) as {
    readonly cause?: { readonly message?: string };
    readonly message?: string;
  };
  return (cause?.message ?? message ?? String(error)).trim().split("\n").at(-1) ?? "";
}

/** One request for the model's readiness, which needs no input and counts in no verdict that a person looks at. */
async function ask(address: string, { model: { host, name }, signal }: Place): Promise<RequestEvidence> {
  const url = `${address}/v2/models/${name}/ready`;
  // The gateway chooses the certificate by the name that a caller asks for.
  const dispatcher = new Agent({ connect: { servername: host, timeout: answerMs } });
  try {
    const response = await request(url, {
      headers: { host },
      dispatcher,
      headersTimeout: answerMs,
      bodyTimeout: answerMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const body = (await response.body.text()).slice(0, 300);
    const { server } = response.headers;
    return { url, host, status: response.statusCode, body, ...(typeof server === "string" ? { server } : {}) };
  } catch (error) {
    signal?.throwIfAborted();
    const { code = "ERR", message = String(error) } = error as NodeJS.ErrnoException;
    return { url, host, error: { code, message } };
  } finally {
    await dispatcher.close().catch(() => undefined);
  }
}
