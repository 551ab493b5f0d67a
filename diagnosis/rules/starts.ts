import type { ContainerEvidence, Evidence, PodEvidence } from "../evidence.ts";
import { counted, eventsOf, type Found, isFailing, type Rule, shortened, textRule } from "./rule.ts";

/** The last words of a container, for a fault that nothing explains. */
function lastWords({ log, ended }: ContainerEvidence): string {
  return shortened(log.at(-1) ?? ended?.message.split("\n").at(-1) ?? "");
}

/** A rule about how containers of failing pods ended, or do not. */
function containerRule(
  rule: Omit<Rule, "find">,
  look: (container: ContainerEvidence, pod: PodEvidence, evidence: Evidence) => Omit<Found, "about"> | undefined,
): Rule {
  return {
    ...rule,
    find: (evidence) =>
      evidence.pods.filter(isFailing).flatMap((pod) =>
        pod.containers.flatMap((container) => {
          const found = container.ready ? undefined : look(container, pod, evidence);
          return found === undefined ? [] : [{ next: pod.logCommand, ...found, about: [pod.name] }];
        }),
      ),
  };
}

/** Numbers of signals: 9 is the kernel's for memory, or a probe's; see signal(7). */
const signals: Readonly<Record<number, string>> = {
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  11: "SIGSEGV",
};

/** What memory is short of, and why a container that starts does not come to serve. */
export const startRules: readonly Rule[] = [
  containerRule(
    {
      name: "out-of-memory",
      area: "memory",
      title: "the container took more memory than it may",
      sign: "`OOMKilled`, exit code 137",
      change: "Raise server.memory (shared memory counts in it), or load less: fewer instances, smaller batches.",
      confidence: "certain",
      next: "<kubectl> describe pod -n <namespace> <pod>",
    },
    ({ name, ended, restarts }, pod, { model }) =>
      ended?.reason === "OOMKilled"
        ? {
            cause: `Container ${name} took more than its ${name === "triton" ? model.memory : "memory"} and was killed.`,
            evidence: [
              `${pod.name} container ${name}: OOMKilled, exit code ${ended.exitCode}, ${counted(restarts, "restart")}`,
            ],
            final: restarts >= 2,
          }
        : undefined,
  ),
  textRule({
    name: "shared-memory",
    area: "memory",
    title: "/dev/shm is too small",
    sign: "`Unable to initialize shared memory key … No space left on device`, `Failed to increase the shared memory pool size`, SIGBUS (exit code 135)",
    pattern:
      /(?:Unable to initialize shared memory key '(?<key>[^']+)' to requested size \((?<bytes>\d+) bytes\)|Failed to increase the shared memory pool size)/,
    cause: ({ bytes }, _, { model }) =>
      `The shared memory of ${model.sharedMemory} is too small${bytes === undefined ? "" : ` for another ${bytes} bytes`}.`,
    change: "Raise server.sharedMemory, and server.memory by as much: each instance of a Python model takes some.",
    final: true,
  }),
  textRule({
    name: "disk-full",
    area: "memory",
    title: "a disk is full",
    sign: "`no space left on device`, `Evicted` for ephemeral-storage or DiskPressure",
    pattern:
      /(?<why>[Nn]o space left on device|low on resource: ephemeral-storage|[Uu]sage of EmptyDir volume "[^"]+" exceeds|exceeds the total limit of containers|DiskPressure)/,
    when: (_, { text }) => !/shared memory/.test(text),
    cause: ({ why }, { pod }) => `A disk of node ${pod.node ?? "?"} is full: ${why}.`,
    change:
      "Free the node's disk or give its pool a larger one; an image of Triton takes some 10 GB, and a download of a model as much as its files.",
  }),
  textRule({
    name: "evicted",
    area: "memory",
    title: "the node evicted the pod",
    sign: "`The node was low on resource: memory`, `Preempted`, `Evicted`",
    where: /^status (Evicted|Preempting|NodeLost|Terminated|UnexpectedAdmissionError)/,
    pattern: /(?<why>.+)/s,
    when: (_, { text }) => !/ephemeral-storage|DiskPressure|EmptyDir/.test(text),
    cause: ({ why }, { pod }) => `Node ${pod.node ?? "?"} gave the pod up: ${shortened(why ?? "")}`,
    change: "Look what else takes the node's memory; a spot machine that was taken back is replaced by the autoscaler.",
    confidence: "likely",
  }),
  {
    name: "start-too-slow",
    area: "start",
    title: "the model loads for longer than `server.startup` allows",
    sign: "`Startup probe failed`, restarts without an error of Triton",
    change:
      "Raise server.startup to the time that the load takes, or make it faster: fewer instances, files on a faster volume.",
    confidence: "likely",
    next: "<kubectl> describe pod -n <namespace> <pod>",
    find: ({ pods, events, model }) =>
      pods.filter(isFailing).flatMap((pod) => {
        const failed = eventsOf(events, `Pod/${pod.name}`).find(
          ({ reason, message }) => reason === "Unhealthy" && /^startup probe failed/i.test(message),
        );
        const triton = pod.containers.find(({ name }) => name === "triton");
        // A container that ended by itself has another reason, and one that is in its first tries has none.
        if (failed === undefined || triton === undefined || triton.restarts === 0 || saysError(triton)) return [];
        if (![0, 137, 143].includes(triton.ended?.exitCode ?? 0)) return [];
        return [
          {
            cause: `Triton was not ready within ${model.startup} and was started anew, ${counted(triton.restarts, "time")}.`,
            evidence: [`${pod.name} event Unhealthy: ${shortened(failed.message)}`],
            about: [pod.name],
            final: triton.restarts >= 2,
            next: pod.logCommand,
          },
        ];
      }),
  },
  {
    name: "not-alive",
    area: "start",
    title: "a server that ran does not answer its liveness probe",
    sign: "`Liveness probe failed`, then a restart",
    change: "Look what blocked it: a deadlock in the model, a full queue, too little CPU (server.cpu).",
    confidence: "likely",
    next: "<kubectl> describe pod -n <namespace> <pod>",
    find: ({ pods, events }) =>
      pods.filter(isFailing).flatMap((pod) => {
        const failed = eventsOf(events, `Pod/${pod.name}`).find(
          ({ reason, message }) => reason === "Unhealthy" && /^liveness probe failed/i.test(message),
        );
        return failed === undefined
          ? []
          : [
              {
                cause: "Triton stopped answering and was started anew.",
                evidence: [`${pod.name} event Unhealthy: ${shortened(failed.message)}`],
                about: [pod.name],
                next: pod.logCommand,
              },
            ];
      }),
  },
  containerRule(
    {
      name: "crashed",
      area: "start",
      title: "the server crashed",
      sign: "exit code 134 (SIGABRT), 135 (SIGBUS), 136, 139 (SIGSEGV)",
      change:
        "Look at the last lines of its log: a library of the model, its metrics (a counter that falls aborts Triton) or a warm-up that the model cannot take.",
      confidence: "likely",
      next: "<kubectl> logs -n <namespace> <pod> -c triton --previous",
    },
    (container, pod) => {
      const { name, ended, restarts, init } = container;
      const signal = signals[(ended?.exitCode ?? 0) - 128];
      if (signal === undefined || ended === undefined || init) return undefined;
      const words = lastWords(container);
      return {
        cause: `Container ${name} crashed with ${signal}${signal === "SIGBUS" ? ", mostly for want of shared memory" : ""}.`,
        evidence: [
          `${pod.name} container ${name}: exit code ${ended.exitCode}, ${counted(restarts, "restart")}`,
          ...(words === "" ? [] : [`${pod.name} log: ${words}`]),
        ],
        final: restarts >= 2,
      };
    },
  ),
  containerRule(
    {
      name: "loading",
      area: "start",
      title: "the model is loading",
      sign: "the container runs, and its start-up probe has not succeeded yet",
      change: "Wait.",
      confidence: "possible",
      next: "<kubectl> logs -n <namespace> <pod> -c triton",
    },
    ({ name, runningSince, started, restarts }, pod, { at, model }) => {
      if (name !== "triton" || runningSince === undefined || started || restarts > 0) return undefined;
      const seconds = Math.max(0, Math.round((Date.parse(at) - Date.parse(runningSince)) / 1_000));
      return {
        cause: `Triton of ${pod.name} is loading its model for ${seconds} s; ${model.startup} are allowed.`,
        evidence: [`${pod.name} container triton: running since ${runningSince}, not started`],
      };
    },
  ),
];

/** Whether Triton itself said why. */
function saysError({ log }: ContainerEvidence): boolean {
  return log.some((line) => /^E\d{4} .*failed to load|^error: creating server/.test(line));
}
