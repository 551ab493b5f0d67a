import colours from "picocolors";
import { cloudOf } from "../components/cluster/clouds.ts";
import { secretOf } from "../components/platform/certificate.ts";
import { gatewayService } from "../components/platform/istioGateway.ts";
import type { PlannedStep } from "../plan/planDocument.ts";
import { stepsBefore } from "../preflight/accountSteps.ts";
import { hanging, lineWidth } from "../preflight/preflightText.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { stackName } from "../stacks/stackName.ts";

type Part = PlannedStep["parts"][number];

/**
 * How an environment is brought up for the first time, in order, with what a person does between. `local` needs its one
 * command, and has no steps.
 */
export function firstDay(environment: Environment): PlannedStep[] {
  if (environment.name === "local") return [];
  const clusters = Object.entries(environment.clusters);
  const makesSome = clusters.some(([, spec]) => !cloudOf(spec).adopted);
  const up = { command: `npx serin up ${environment.name}` };
  const between: PlannedStep[] = [
    { step: "connect the networks", by: "person", parts: connections(environment) },
    { step: "fill the model stores", by: "person", parts: stores(environment) },
  ];
  const clusterLayer: Part = {
    says: "Makes the clusters. Those that it does not reach wait, and exit code 7 says so.",
  };
  const steps: PlannedStep[] = [
    { step: "accounts", by: "person", parts: accounts(environment) },
    { step: "configuration", by: "person", parts: configuration(environment) },
    ...(makesSome ? [{ step: "cluster layer", by: "serin", parts: [clusterLayer, up] } as const] : []),
    ...between,
    {
      step: "platform and models",
      by: "serin",
      parts: [{ says: "From where every API server is reached. Run it again while clusters wait." }, up],
    },
    { step: "DNS and certificate", by: "person", parts: [...dns(environment), ...certificate(environment)] },
  ];
  return steps.filter(({ parts }) => parts.length > 0);
}

function accounts({ name, clusters }: Environment): Part[] {
  const steps = stepsBefore(Object.values(clusters));
  if (steps.length === 0) return [];
  return [
    { says: "Ask for the quotas, which may take days, and do what each account needs; both are printed by:" },
    { command: `npx serin preflight ${name}` },
    ...[...Map.groupBy(steps, ({ cloud }) => cloud)].flatMap(([cloud, ofCloud]) => [
      { says: `${cloud}:` },
      ...ofCloud.map(({ command }) => ({ command })),
    ]),
  ];
}

function configuration({ name, clusters }: Environment): Part[] {
  const stack = stackName(name, "cluster");
  const specs = Object.values(clusters);
  const keys = specs.map((spec) => cloudOf(spec).configuration(spec));
  const kubeconfigs = new Set(specs.map((spec) => cloudOf(spec).kubeconfigSecret(spec)));
  return [
    { command: "pulumi login" },
    { command: `pulumi stack init ${stack}` },
    ...[...new Map(keys.flatMap(({ values }) => values.map(({ key, word }) => [key, word])))].map(([key, word]) => ({
      command: `pulumi config set ${key} ${word} -s ${stack}`,
    })),
    ...unique(keys.flatMap(({ secrets }) => secrets)).map((key) => ({
      command: `pulumi config set --secret ${key} -s ${stack}${kubeconfigs.has(key) ? " < <kubeconfig>" : ""}`,
    })),
  ];
}

function connections({ clusters }: Environment): Part[] {
  return Object.entries(clusters).flatMap(([key, spec]) => {
    const says = cloudOf(spec).connect?.(spec);
    return says === undefined ? [] : [{ says: `${key}: ${says}` }];
  });
}

function stores({ name, models }: Environment): Part[] {
  const stored = Object.values(models).flatMap(({ repository, version }) =>
    "modelStore" in repository ? [`${repository.modelStore}/${version}`] : [],
  );
  if (stored.length === 0) return [];
  return [
    { says: `Upload ${stored.join(", ")} to the store of each cluster: docs/how-to/add-a-model.md. Where they are:` },
    {
      command: `pulumi stack output clusters -s ${stackName(name, "cluster")} | jq 'map_values(.modelStore.location)'`,
    },
  ];
}

function dns({ name, domain, platform: { istio } }: Environment): Part[] {
  if ("adopt" in istio) return [{ says: `A record *.${domain} leads to your gateway.` }];
  return [
    { says: `A record *.${domain} leads to the gateways; the address of each is printed by:` },
    { command: `npx serin status ${name} --kubeconfig <kubeconfig> --cluster <cluster>` },
  ];
}

function certificate({ platform: { istio } }: Environment): Part[] {
  const says = {
    privateCa: `Give clients ca.crt of the Secret ${gatewayService.namespace}/${secretOf({ kind: "privateCa" })} of each cluster`,
    acme: "Let cert-manager's pods change the DNS zone; the certificate waits for it",
    issuer: "Make the ClusterIssuer on each cluster",
    secret: "Write the TLS Secret into the gateway's namespace on each cluster",
  };
  return istio.certificate === undefined ? [] : [{ says: `${says[istio.certificate.kind]}: docs/ingress.md.` }];
}

function unique(keys: readonly string[]): string[] {
  return [...new Set(keys)];
}

/** The steps as numbered text, `width` columns wide. A command stays on one line, because it is something to copy. */
export function firstDayText(steps: readonly PlannedStep[], width = lineWidth()): string {
  if (steps.length === 0) return "";
  return [
    colours.bold("the first day, in this order (docs/how-to/first-day.md)"),
    ...steps.flatMap(({ step, by, parts }, index) => [
      `  ${index + 1}. ${colours.bold(step)}${by === "person" ? " (yours)" : ""}`,
      ...parts.flatMap((part) =>
        "command" in part ? [`     ${colours.cyan(part.command)}`] : hanging("     ", 5, [part.says], width),
      ),
    ]),
  ].join("\n");
}
