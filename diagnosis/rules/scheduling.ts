import { counted, type Rule, shortened, textRule } from "./rule.ts";

const where = /^(event (FailedScheduling|NotTriggerScaleUp)|condition PodScheduled)/;
/** Nobody adds a node to the environment on one machine. */
const finalWhen = ({ embedded }: { readonly embedded: boolean }) => embedded;

/** Kubernetes names the taint up to 1.33 or so, and no more in 1.35. */
const taint = /had untolerated taint(?:\(s\)| \{(?<taint>[^}]+)\})/;

/** The scheduler looks at taints first, so what it says of labels and room is of the other nodes. */
function untainted(text: string): string {
  const found = taint.exec(text);
  if (found === null) return "";
  return found.groups?.taint === undefined ? " without a taint" : ` without the taint {${found.groups.taint}}`;
}

/** Why no node takes a pod. Sentences of kube-scheduler (`pkg/scheduler/framework/types.go`, `FitError.Error`). */
export const schedulingRules: readonly Rule[] = [
  textRule({
    name: "no-gpu",
    area: "scheduling",
    title: "no node has a free GPU of the kind",
    sign: "`Insufficient nvidia.com/gpu` (or `nvidia.com/mig-…`)",
    where,
    pattern: /(?<nodes>\d+) Insufficient (?<resource>nvidia\.com\/[\w-]+(?:\.[\w-]+)*)/,
    cause: ({ resource }, _, { model, nodes }) => {
      const free = nodes?.reduce((sum, { gpus }) => sum + gpus, 0);
      return `No node has ${counted(Math.max(1, model.gpus), "GPU")} left (${resource})${free === undefined ? "" : `; all nodes together have ${free}, in use or not`}.`;
    },
    change:
      "Raise the pool's max, take replicas from other models, or wait for a node; a node that shows none lacks its driver or device plugin.",
    finalWhen,
  }),
  textRule({
    name: "cloud-capacity",
    area: "scheduling",
    title: "the cloud gives no more machines",
    sign: "`FailedScaleUp`, `NotTriggerScaleUp` with `max node group size reached`, `QUOTA_EXCEEDED`, `InsufficientInstanceCapacity`",
    where: /^event (NotTriggerScaleUp|FailedScaleUp|FailedToScaleUpGroup)/,
    pattern:
      /(?<why>max node group size reached|QUOTA_EXCEEDED|quota[^,.;]*exceeded|VcpuLimitExceeded|InsufficientInstanceCapacity|ZONE_RESOURCE_POOL_EXHAUSTED|SkuNotAvailable|AllocationFailed|out of resources?)/i,
    cause: ({ why }) => `The autoscaler gets no further machine: ${why}.`,
    change:
      "Raise the pool's max or the account's quota (npx serin preflight says which), or add a pool in another zone.",
  }),
  textRule({
    name: "untolerated-taint",
    area: "scheduling",
    title: "the nodes have a taint that the pod does not tolerate",
    sign: "`node(s) had untolerated taint(s)`",
    where,
    pattern: taint,
    // CPU pods stay off GPU nodes by a taint; it is the reason only where nothing else is.
    when: (_, { text }) =>
      !/Insufficient|affinity|unbound|preemption victims found/.test(text.replace(/preemption:.*/, "")),
    cause: ({ taint: named }, _, { nodes = [] }) => {
      const all = [...new Set(nodes.flatMap(({ taints }) => taints))];
      return named === undefined
        ? `Every node that would fit has a taint that the pod does not tolerate${all.length === 0 ? "" : `; the nodes have ${all.join(", ")}`}.`
        : `Every node that would fit has the taint {${named}}, which the pod does not tolerate.`;
    },
    change: "Remove the taint, or declare it on the pool, so that pods of models get its toleration.",
    confidence: "likely",
    finalWhen,
  }),
  textRule({
    name: "no-room",
    area: "scheduling",
    title: "no node has the CPU or memory",
    sign: "`Insufficient cpu`, `Insufficient memory`, `Too many pods`",
    where,
    pattern: /(?:Insufficient (?<resource>cpu|memory|ephemeral-storage)|(?<pods>Too many pods))/,
    cause: ({ resource, pods }, { text }, { model }) =>
      pods === undefined
        ? `No node${untainted(text)} has ${resource} left for a pod${resource === "memory" ? ` of ${model.memory}` : ""}.`
        : "The nodes have as many pods as they may.",
    change: "Lower server.cpu or server.memory, or add nodes.",
    finalWhen,
  }),
  textRule({
    name: "no-fitting-node",
    area: "scheduling",
    title: "no node has the labels that the pod asks for",
    sign: "`node(s) didn't match Pod's node affinity/selector`",
    where,
    pattern: /didn't match Pod's node affinity\/selector/,
    when: (_, { text }) => !/Insufficient nvidia/.test(text),
    cause: (_, { text }) => `No node${untainted(text)} has the labels of the pool that the pod asks for.`,
    change: "Look whether the pool has nodes and their labels are as declared: npx serin preflight <environment>.",
    confidence: "likely",
    next: "<kubectl> get nodes --show-labels",
  }),
  textRule({
    name: "volume-zone",
    area: "scheduling",
    title: "the volume is in another zone",
    sign: "`node(s) had volume node affinity conflict`",
    where,
    pattern: /volume node affinity conflict/,
    cause: () => "The volume with the model is in a zone, or on a node, that no fitting node is in.",
    change: "Put nodes into the volume's zone, or the model store onto a volume that all zones reach (ReadOnlyMany).",
    next: "<kubectl> get pv -o wide",
    finalWhen,
  }),
  {
    name: "node-not-ready",
    area: "cluster",
    title: "nodes are not ready",
    sign: "node condition `Ready` is not `True`; `DiskPressure`, `MemoryPressure`, `PIDPressure`",
    change: "Look at the node's kubelet and disk; a node that does not come back is to be replaced.",
    confidence: "likely",
    next: "<kubectl> describe node <pod>",
    find: ({ nodes = [] }) =>
      nodes
        .filter(({ ready, pressures }) => !ready || pressures.length > 0)
        .map(({ name, ready, pressures, message }) => ({
          cause: ready ? `Node ${name} has ${pressures.join(", ")}.` : `Node ${name} is not ready.`,
          evidence: [`node ${name}: ${[...pressures, message].filter((one) => one !== "").join(", ") || "no message"}`],
          about: [name],
        })),
  },
];

/** Why a pod is not even made: sentences in events of its ReplicaSet. */
export const admissionRules: readonly Rule[] = [
  created({
    name: "quota",
    area: "admission",
    title: "a ResourceQuota of the namespace is used up",
    sign: "`exceeded quota: …, requested: …, used: …, limited: …`",
    pattern:
      /exceeded quota: (?<quota>[^,]+), requested: (?<requested>[^ ]+), used: (?<used>[^ ]+), limited: (?<limited>[^ ]+)/,
    cause: ({ quota, requested, used, limited }) =>
      `ResourceQuota "${quota}" forbids the pod: it asks for ${requested}, ${used} is used, and the limit is ${limited}.`,
    change: "Raise the quota, or lower replicas; a release needs pods of both versions at once.",
    next: "<kubectl> describe resourcequota -n <namespace>",
  }),
  created({
    name: "webhook-refuses",
    area: "admission",
    title: "a webhook that must be asked does not answer",
    sign: '`failed calling webhook "…"`: connection refused, no endpoints, deadline exceeded, x509',
    pattern:
      /failed calling (?:admission )?webhook "(?<webhook>[^"]+)":.*?(?<why>connection refused|no endpoints available[^"]*"[^"]+"|context deadline exceeded|service "[^"]+" not found|x509: .+|EOF|$)/s,
    cause: ({ webhook, why }) =>
      `No pod can be made: webhook ${webhook} does not answer${why === "" ? "" : ` (${why})`}.`,
    change: "Bring the system behind the webhook back (istiod for sidecars), or open the API server's way to its port.",
    next: "<kubectl> get pods -A -l app=istiod",
  }),
  created({
    name: "pod-security",
    area: "admission",
    title: "the namespace's Pod Security forbids the pod",
    sign: '`violates PodSecurity "…"`',
    pattern: /violates PodSecurity "(?<level>[^"]+)": (?<why>.+)/s,
    cause: ({ level, why }) => `Pod Security "${level}" forbids the pod: ${shortened(why ?? "", 0)}`,
    change: "Lower the level of the namespace, or use Istio's CNI plugin, with which sidecars need no capabilities.",
    next: "<kubectl> get namespace <namespace> --show-labels",
    final: true,
  }),
  created({
    name: "no-service-account",
    area: "admission",
    title: "the pod's ServiceAccount is missing",
    sign: '`serviceaccount "…" not found`',
    pattern: /error looking up service account [^:]+: serviceaccount "(?<account>[^"]+)" not found/,
    cause: ({ account }) => `ServiceAccount "${account}" does not exist, so no pod can be made.`,
    change: "Bring the models layer up again: it makes the ServiceAccount.",
    next: "<kubectl> get serviceaccounts -n <namespace>",
  }),
];

type Created = Omit<Rule, "find" | "confidence"> & {
  readonly pattern: RegExp;
  readonly cause: (groups: Readonly<Record<string, string>>) => string;
};

/** A rule about pods that a ReplicaSet of the model could not make, as long as pods are missing. */
function created({ pattern, cause, ...rule }: Created): Rule {
  return {
    confidence: "certain",
    ...rule,
    find({ events, rollout, pods, at }) {
      const wanted = rollout?.replicas ?? 1;
      if (pods.filter(({ ready }) => ready).length >= wanted && rollout?.phase === "Healthy") return [];
      for (const { object, reason, message, lastAt } of events) {
        const groups =
          /^(ReplicaSet|Rollout)\//.test(object) && reason === "FailedCreate" ? pattern.exec(message) : null;
        // The controller tries again within minutes for as long as it cannot.
        if (groups === null || Date.parse(at) - Date.parse(lastAt) > triedAgainMs) continue;
        return [
          {
            cause: cause({ ...groups.groups }),
            evidence: [`${object} event ${reason}: ${shortened(message, groups.index)}`],
            about: [object.split("/")[1] ?? object],
          },
        ];
      }
      return [];
    },
  };
}

/** The longest back-off of a controller between two tries, about 16 minutes (client-go, 1000 s). */
const triedAgainMs = 1_000_000;
