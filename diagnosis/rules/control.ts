import { type Rule, shortened } from "./rule.ts";

/** Certificates and tokens are valid from the second they are made, so more than this refuses some. */
const toleratedSeconds = 5;

/** Why nothing happens at all: what a release needs to run is not there. */
export const controlRules: readonly Rule[] = [
  {
    name: "api-server",
    area: "cluster",
    title: "the API server does not answer",
    sign: "no answer, or `401 Unauthorized`, `403 Forbidden` to every question",
    change: "Look at the address and the credentials of the kubeconfig; locally: npx serin up local.",
    confidence: "certain",
    next: "<kubectl> version",
    find: ({ notRead }) =>
      notRead.pods === undefined
        ? []
        : [{ cause: `The cluster cannot be read: ${notRead.pods}`, evidence: [notRead.pods], about: [] }],
  },
  {
    name: "controller-down",
    area: "control",
    title: "a controller does not run",
    sign: "its Deployment has no ready pod; locally: its process is not ready",
    change: "Look at its pods or its log; what has been decided stays as it is meanwhile.",
    confidence: "certain",
    next: "<kubectl> get deployments -A",
    find: ({ controllers = [], embedded }) =>
      controllers
        .filter(({ ready, wanted }) => ready === 0 && wanted > 0)
        .map(({ name, does, object, message }) => ({
          cause: `${name} does not run: ${does}.`,
          evidence: [`${object}: 0 ready${message === "" ? "" : `, ${shortened(message)}`}`],
          about: [object],
          ...(embedded
            ? { next: "npx serin status local", change: "It is started anew by itself; if not: npx serin up local." }
            : {}),
        })),
  },
  {
    name: "controller-degraded",
    area: "control",
    title: "a controller has fewer pods than it should",
    sign: "its Deployment has some ready pods, and fewer than it wants",
    change: "Look at the pods that are missing: the loss of one more stops what it does.",
    confidence: "possible",
    next: "<kubectl> get deployments -A",
    find: ({ controllers = [] }) =>
      controllers
        .filter(({ ready, wanted }) => ready > 0 && ready < wanted)
        .map(({ name, object, ready, wanted }) => ({
          cause: `${name} has ${ready} of ${wanted} pods.`,
          evidence: [`${object}: ${ready} of ${wanted} ready`],
          about: [object],
        })),
  },
  {
    name: "webhook-down",
    area: "control",
    title: "nothing is behind a webhook that must be asked",
    sign: "a webhook with `failurePolicy: Fail` whose Service has no ready pods",
    change: "Bring the system behind it back; until then the API server refuses what it asks about.",
    confidence: "certain",
    next: "<kubectl> get mutatingwebhookconfigurations,validatingwebhookconfigurations",
    find: ({ webhooks = [] }) =>
      webhooks
        .filter(({ refuses, endpoints }) => refuses && endpoints === 0)
        .map(({ name, service, resources }) => ({
          cause: `Webhook ${name} has nothing behind it, so the API server refuses ${resources.join(", ") || "what it asks about"}.`,
          evidence: [`Service ${service}: no ready endpoint`],
          about: [name],
        })),
  },
  {
    name: "clock",
    area: "cluster",
    title: "a clock is off",
    sign: "the API server's `Date` and this machine's clock differ by more than 5 s",
    change:
      "Set this machine's clock by NTP; when it is right, the control plane's. Tokens and certificates depend on it.",
    confidence: "certain",
    next: "timedatectl status",
    find: ({ clock }) => {
      if (clock === undefined) return [];
      const off = Math.round((Date.parse(clock.here) - Date.parse(clock.server)) / 1_000);
      if (Math.abs(off) <= toleratedSeconds) return [];
      return [
        {
          cause: `This machine's clock is ${Math.abs(off)} s ${off > 0 ? "ahead of" : "behind"} the API server's.`,
          evidence: [`API server ${clock.server}, this machine ${clock.here}`],
          about: [],
        },
      ];
    },
  },
  {
    name: "not-deployed",
    area: "release",
    title: "the model is not deployed",
    sign: "there is no Rollout of its name",
    change: "Bring the environment up: npx serin up <environment>.",
    confidence: "certain",
    next: "<kubectl> get rollouts -n <namespace>",
    find: ({ rollout, notRead, model }) =>
      rollout === undefined && notRead.rollout === undefined && notRead.pods === undefined
        ? [
            {
              cause: `There is no Rollout "${model.name}" in namespace "${model.namespace}".`,
              evidence: [`Rollout ${model.namespace}/${model.name}: not found`],
              about: [],
            },
          ]
        : [],
  },
];
