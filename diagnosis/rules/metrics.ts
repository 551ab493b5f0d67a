import { type Rule, shortened } from "./rule.ts";

/** Why nothing is decided. */
export const metricRules: readonly Rule[] = [
  {
    name: "prometheus-unreachable",
    area: "metrics",
    title: "Prometheus does not answer",
    sign: "connection refused, `no such host`, 5xx from Prometheus",
    change:
      "Look at Prometheus' pods and at the address that the analyses have; a release waits meanwhile, and nothing rolls it back.",
    confidence: "certain",
    next: "<kubectl> get pods -A -l app.kubernetes.io/name=prometheus",
    find: ({ prometheus }) =>
      prometheus?.error === undefined
        ? []
        : [
            {
              cause: `Prometheus at ${prometheus.address} does not answer: ${shortened(prometheus.error)}`,
              evidence: [`${prometheus.address}/api/v1/targets: ${shortened(prometheus.error)}`],
              about: [],
            },
          ],
  },
  {
    name: "no-targets",
    area: "metrics",
    title: "Prometheus has no target of the model",
    sign: "pods are ready, and none is among Prometheus' active targets",
    change:
      "Have Prometheus read the model's PodMonitor (podMonitorSelector, podMonitorNamespaceSelector): npx serin preflight says what is in the way.",
    confidence: "certain",
    next: "<kubectl> get podmonitors -n <namespace> --show-labels",
    find: ({ prometheus, pods, at, embedded }) => {
      const settled = pods.filter(
        ({ ready, ending, createdAt }) =>
          ready && !ending && Date.parse(at) - Date.parse(createdAt) > (embedded ? discoveredHereMs : discoveredMs),
      );
      if (prometheus === undefined || prometheus.error !== undefined || settled.length === 0) return [];
      if (settled.some(({ name }) => prometheus.targets.some(({ pod }) => pod === name))) return [];
      return [
        {
          cause: "Prometheus scrapes no pod of the model, so no release of it can be decided.",
          evidence: [
            `${prometheus.address}/api/v1/targets: ${prometheus.allTargets} targets, none is a pod of the model`,
          ],
          about: settled.map(({ name }) => name),
        },
      ];
    },
  },
  {
    name: "target-down",
    area: "metrics",
    title: "Prometheus does not reach the model's pods",
    sign: "the targets of the model are `down`, with `lastError`",
    change:
      "Let Prometheus reach the ports 8002 and 15020 of the pods: NetworkPolicy, and mTLS that the metrics port is exempt from.",
    confidence: "certain",
    next: "<kubectl> get networkpolicies -n <namespace>",
    find: ({ prometheus, pods }) => {
      const serving = new Set(pods.filter(({ ready, ending }) => ready && !ending).map(({ name }) => name));
      const down = (prometheus?.targets ?? []).filter(({ pod, health }) => health === "down" && serving.has(pod));
      if (down.length === 0) return [];
      return [
        {
          cause: `Prometheus does not reach ${new Set(down.map(({ pod }) => pod)).size} of ${serving.size} ready pods.`,
          evidence: down.slice(0, 3).map(({ pod, lastError }) => `target ${pod}: ${shortened(lastError)}`),
          about: [...new Set(down.map(({ pod }) => pod))],
        },
      ];
    },
  },
  {
    name: "scrape-gap",
    area: "metrics",
    title: "Prometheus has not scraped for a while",
    sign: "`lastScrape` of the model's targets is minutes ago",
    change: "Look whether Prometheus is starved of memory or CPU, or still reads its log after a restart.",
    confidence: "likely",
    next: "<kubectl> get pods -A -l app.kubernetes.io/name=prometheus",
    find: ({ prometheus, at }) => {
      const stale = (prometheus?.targets ?? []).filter(
        ({ lastScrape }) => Date.parse(at) - Date.parse(lastScrape) > gapMs && Date.parse(lastScrape) > 0,
      );
      const first = stale[0];
      if (first === undefined) return [];
      return [
        {
          cause: `Prometheus has scraped ${stale.length} targets of the model last at ${first.lastScrape}.`,
          evidence: stale.slice(0, 3).map(({ pod, lastScrape }) => `target ${pod}: last scrape ${lastScrape}`),
          about: [...new Set(stale.map(({ pod }) => pod))],
        },
      ];
    },
  },
  {
    name: "analysis-error",
    area: "release",
    title: "an analysis cannot be measured",
    sign: "AnalysisRun in phase `Error`; its metric's message",
    change:
      "Read the message: an address, a query, a right. The release was rolled back for it, not for what the version did.",
    confidence: "certain",
    next: "<kubectl> describe analysisruns -n <namespace>",
    find: ({ analyses = [] }) =>
      analyses.flatMap(({ name, metrics }) =>
        metrics
          .filter(({ phase, message }) => phase === "Error" || /^(Error|error)/.test(message))
          .map(({ name: metric, message }) => ({
            cause: `Metric ${metric} cannot be measured: ${shortened(message)}`,
            evidence: [`AnalysisRun ${name}, ${metric}: ${shortened(message)}`],
            about: [name],
          })),
      ),
  },
  {
    name: "analysis-without-data",
    area: "release",
    title: "an analysis sees no data",
    sign: "measurements are `[]`, or AnalysisRun `Inconclusive`",
    change:
      "Send traffic: an analysis waits for requests to the new version. With traffic, look at Prometheus' targets.",
    confidence: "likely",
    next: "npx serin release status <model>",
    find: ({ analyses = [] }) =>
      analyses
        .filter(({ phase }) => phase === "Running" || phase === "Inconclusive")
        .flatMap(({ name, phase, metrics }) => {
          const empty = metrics.filter(({ values }) => values.length >= 3 && values.every((value) => value === "[]"));
          if (empty.length === 0) return [];
          return [
            {
              cause: `Nothing is measured for ${empty.map((metric) => metric.name).join(", ")}: no requests, or no metrics.`,
              evidence: [`AnalysisRun ${name} (${phase}): the last ${empty[0]?.values.length} values are []`],
              about: [name],
            },
          ];
        }),
  },
  {
    name: "waits-for-person",
    area: "release",
    title: "the release waits for a person",
    sign: "Rollout `Paused`: a step without a duration, `spec.paused`, or an analysis without a verdict",
    change: "npx serin release promote <model>, or abort it; each says first what it will do.",
    confidence: "certain",
    next: "npx serin release status <model>",
    find: ({ rollout }) =>
      rollout?.waitsForPerson === true && !rollout.aborted
        ? [
            {
              cause: `The release of version ${rollout.version} waits for a person.`,
              evidence: [`Rollout: ${rollout.phase}, ${shortened(rollout.message) || "no message"}`],
              about: [],
            },
          ]
        : [],
  },
  {
    name: "rolled-back",
    area: "release",
    title: "the release was rolled back",
    sign: "Rollout `Degraded`, `RolloutAborted`",
    change:
      "Read what failed: npx serin release status <model>. Correct the version, or release it again: npx serin release retry <model>.",
    confidence: "certain",
    next: "npx serin release status <model>",
    find: ({ rollout }) =>
      rollout?.aborted === true && rollout.stableHash !== ""
        ? [
            {
              cause: `Version ${rollout.version} was rolled back; the version before has the traffic.`,
              evidence: [`Rollout: ${shortened(rollout.message)}`],
              about: [],
            },
          ]
        : [],
  },
  {
    name: "rollout-invalid",
    area: "release",
    title: "the controller refuses the Rollout",
    sign: "Rollout `Degraded`, `InvalidSpec`",
    change:
      "Bring the models layer up again; an AnalysisTemplate or Service that the Rollout names is missing, or was changed by hand.",
    confidence: "certain",
    final: true,
    next: "<kubectl> describe rollout -n <namespace> <model>",
    find: ({ rollout }) =>
      rollout?.phase === "Degraded" && /InvalidSpec/.test(rollout.message)
        ? [
            {
              cause: `The controller refuses the Rollout: ${shortened(rollout.message)}`,
              evidence: [`Rollout: ${shortened(rollout.message)}`],
              about: [],
            },
          ]
        : [],
  },
  {
    name: "not-observed",
    area: "control",
    title: "the controller has not seen the last change",
    sign: "`status.observedGeneration` of the Rollout is behind its `metadata.generation`",
    change: "Look whether the Rollouts controller runs and may read Rollouts.",
    confidence: "likely",
    next: "<kubectl> get deployments -A -l app.kubernetes.io/name=argo-rollouts",
    find: ({ rollout, controllers = [], at }) =>
      rollout !== undefined &&
      !rollout.observed &&
      Date.parse(at) - Date.parse(rollout.changedAt ?? at) > seenMs &&
      !controllers.some(({ ready, wanted }) => ready === 0 && wanted > 0)
        ? [
            {
              cause: "The Rollouts controller has not seen the last change of the Rollout.",
              evidence: [`Rollout: observedGeneration is behind, phase ${rollout.phase}`],
              about: [],
              confidence: "possible" as const,
            },
          ]
        : [],
  },
];

/** A controller that is busy with others sees a change within seconds. */
const seenMs = 15_000;
/** Prometheus finds a new pod within its scrape interval and the operator's reload. */
const discoveredMs = 120_000;
/** The environment on one machine reads its targets anew every five seconds. */
const discoveredHereMs = 20_000;
/** Longer than any scrape interval that a declaration may have. */
const gapMs = 300_000;
