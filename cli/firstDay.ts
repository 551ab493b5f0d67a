import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import colours from "picocolors";
import { type Instruction, nameInCloud } from "../components/cluster/cloudAdapter.ts";
import { cloudOf } from "../components/cluster/clouds.ts";
import { hanging, lineWidth } from "../components/core/hanging.ts";
import { secretOf } from "../components/platform/certificate.ts";
import { gatewayService } from "../components/platform/istioGateway.ts";
import type { PlannedStep } from "../plan/planDocument.ts";
import { stepsBefore } from "../preflight/accountSteps.ts";
import { differences } from "../rehearsal/local/artifactDigest.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { configuredValue, projectDirectory } from "../stacks/project.ts";
import { stackName } from "../stacks/stackName.ts";

/**
 * How an environment is brought up for the first time, in order, with what a person does between. `local` needs its one
 * command, and has no steps. `configured` gives the value of a configuration key that is set already.
 */
export function firstDay(
  environment: Environment,
  configured: (key: string) => string | undefined = (key) =>
    configuredValue(stackName(environment.name, "cluster"), key),
): PlannedStep[] {
  if (environment.name === "local") return [];
  const clusters = Object.entries(environment.clusters);
  const makesSome = clusters.some(([, spec]) => !cloudOf(spec).adopted);
  const up = `npx serin up ${environment.name}`;
  const between: PlannedStep[] = [
    { step: "connect the networks", by: "person", parts: connections(environment) },
    { step: "fill the model stores", by: "person", parts: uploads(environment) },
  ];
  const clusterLayer: Instruction[] = [
    { says: "Makes the clusters and stops. If it ends because a right is not known everywhere yet, run it again." },
    { command: `${up} --layer cluster` },
  ];
  const steps: PlannedStep[] = [
    { step: "declare", by: "person", parts: decisions(environment) },
    { step: "accounts", by: "person", parts: accounts(environment, (key) => configured(key) ?? `<${key}>`) },
    { step: "configuration", by: "person", parts: configuration(environment) },
    ...(makesSome ? [{ step: "cluster layer", by: "serin", parts: clusterLayer } as const] : []),
    ...between,
    {
      step: "platform and models",
      by: "serin",
      parts: [
        { says: "Run it where every API server is reached, as one of admins. Run it again while clusters wait." },
        { command: up },
      ],
    },
    { step: "DNS and certificate", by: "person", parts: [...dns(environment), ...certificate(environment)] },
  ];
  return steps.filter(({ parts }) => parts.length > 0);
}

/** What is easily forgotten, and cannot be made good after the first `up` or is noticed late. */
function decisions({ name, clusters }: Environment): Instruction[] {
  const parts = Object.entries(clusters).flatMap(([key, spec]) =>
    (cloudOf(spec).decide?.(spec) ?? []).map((says) => ({ says: `${key}: ${says}` })),
  );
  return Object.values(clusters).some((spec) => !cloudOf(spec).adopted)
    ? [{ says: `Write your own admins, cidr and domain into stacks/environments/${name}.ts.` }, ...parts]
    : parts;
}

function accounts({ name, clusters }: Environment, configured: (key: string) => string): Instruction[] {
  const specs = Object.values(clusters);
  const signIn = [...new Set(specs.flatMap((spec) => cloudOf(spec).signIn?.(configured) ?? []))];
  const steps = stepsBefore(specs);
  if (signIn.length === 0 && steps.length === 0) return [];
  const filledIn = (command: string) => command.replace(/<(\w+)>/g, (_, key: string) => configured(key));
  return [
    { says: "Sign in, as one of admins who may make the clusters:" },
    ...signIn.map((command) => ({ command })),
    { says: "Ask for the quotas, which may take days, and do what each account needs; both are printed by:" },
    { command: `npx serin preflight ${name}` },
    ...[...Map.groupBy(steps, ({ cloud }) => cloud)].flatMap(([cloud, ofCloud]) => [
      { says: `${cloud}:` },
      ...ofCloud.map(({ command }) => ({ command: filledIn(command) })),
    ]),
  ];
}

function configuration({ name, clusters }: Environment): Instruction[] {
  const stack = stackName(name, "cluster");
  const specs = Object.values(clusters);
  const keys = specs.map((spec) => cloudOf(spec).configuration(spec));
  const kubeconfigs = new Set(specs.map((spec) => cloudOf(spec).kubeconfigSecret(spec)));
  const words = new Map(keys.flatMap(({ values }) => values.map(({ key, word }) => [key, word] as const)));
  const secrets = new Set(keys.flatMap((of) => of.secrets));
  const sites = Object.entries(clusters).filter(
    ([, spec]) => cloudOf(spec).adopted && cloudOf(spec).kubeconfigSecret(spec) !== undefined,
  );
  return [
    { command: "pulumi login" },
    { command: `pulumi stack init ${stack}` },
    ...[...words].map(([key, word]) => ({ command: `pulumi config set ${key} ${word} -s ${stack}` })),
    ...[...secrets].map((key) => ({
      command: `pulumi config set --secret ${key} -s ${stack}${kubeconfigs.has(key) ? " < <kubeconfig>" : ""}`,
    })),
    ...(sites.length === 0 ? [] : [{ says: "Then look at what is there already, until nothing fails:" }]),
    ...sites.map(([key]) => ({ command: `npx serin preflight ${name} --cluster ${key}` })),
  ];
}

function connections({ name, clusters }: Environment): Instruction[] {
  const parts = Object.entries(clusters).flatMap(([key, spec]) =>
    (cloudOf(spec).connect?.(spec, nameInCloud(name, key)) ?? []).map((part) =>
      "says" in part ? { says: `${key}: ${part.says}` } : part,
    ),
  );
  return parts.length === 0
    ? []
    : [
        ...parts,
        { says: "It is done when nodes answer where serin runs, for each cluster:" },
        ...kubeconfigOf(name),
        { command: "kubectl --kubeconfig kubeconfig get nodes" },
      ];
}

/** One cluster's kubeconfig, in a file for the commands after it. */
function kubeconfigOf(environment: string): Instruction[] {
  const stack = stackName(environment, "cluster");
  return [
    {
      command: `pulumi stack output kubeconfigs --show-secrets -s ${stack} | jq -r '."<cluster>"' > kubeconfig`,
    },
  ];
}

function uploads({ name, clusters, models }: Environment): Instruction[] {
  const versions = Object.values(models).flatMap(({ repository, version }) => {
    if (!("modelStore" in repository)) return [];
    const to = `${repository.modelStore}/${version}`;
    return [{ from: folderOf(to), to }];
  });
  if (versions.length === 0) return [];
  return [
    {
      says: "Upload each version to the store of each cluster. How its folders are laid out: docs/how-to/add-a-model.md.",
    },
    ...wrongFiles(models),
    ...Object.entries(clusters).flatMap(([key, spec]) => {
      const parts = cloudOf(spec).upload(spec, nameInCloud(name, key), versions);
      const needsStore = parts.some((part) => "command" in part && part.command.includes("$store"));
      return [
        { says: `${key}:` },
        ...(needsStore
          ? [
              {
                command: `store=$(pulumi stack output clusters -s ${stackName(name, "cluster")} | jq -r '."${key}".modelStore.location')`,
              },
            ]
          : []),
        ...parts,
      ];
    }),
  ];
}

/** The versions whose files in the project are others than declared: pods would refuse what is uploaded. */
function wrongFiles(models: Environment["models"]): Instruction[] {
  return Object.values(models).flatMap(({ artifact, repository, version }) => {
    if (artifact === undefined || !("modelStore" in repository)) return [];
    const folder = join(projectDirectory, "stacks", "models", "repository", repository.modelStore, version);
    if (!existsSync(folder)) return [];
    return differences(artifact, folder).map(({ path, reason }) => ({
      says: `Not yet ${repository.modelStore}/${version}, whose pods would not start (artifact.${path}): ${reason}`,
    }));
  });
}

/** Where the project has a version's files: beside its models, which is the store of `local`. */
function folderOf(version: string): string {
  const folder = join("stacks", "models", "repository", version);
  return existsSync(join(projectDirectory, folder)) ? folder : `<folder of ${version}>`;
}

function dns({ name, domain, platform: { istio } }: Environment): Instruction[] {
  if ("adopt" in istio) return [{ says: `A record *.${domain} leads to your gateway.` }];
  return [
    { says: `Make the DNS record *.${domain} for the gateways. The address of each is printed by:` },
    ...kubeconfigOf(name),
    { command: `npx serin status ${name} --kubeconfig kubeconfig --cluster <cluster>` },
  ];
}

function certificate({ platform: { istio } }: Environment): Instruction[] {
  const says = {
    privateCa: `Give clients ca.crt of the Secret ${gatewayService.namespace}/${secretOf({ kind: "privateCa" })} of each cluster`,
    acme: "Let cert-manager's pods change the DNS zone; the certificate waits for it",
    issuer: "Make the ClusterIssuer on each cluster",
    secret: "Write the TLS Secret into the gateway's namespace on each cluster",
  };
  return istio.certificate === undefined ? [] : [{ says: `${says[istio.certificate.kind]}: docs/ingress.md.` }];
}

/** A page of `docs/` as a person would open it from here: the checkout's, or in another project the package's. */
function documentation(page: string): string {
  // Compiled, this file is one folder deeper.
  const folders = ["../docs", "../../docs"].map((up) => fileURLToPath(new URL(up, import.meta.url)));
  const folder = folders.find((one) => existsSync(one)) ?? "docs";
  return relative(process.cwd(), join(folder, page));
}

/** The steps as numbered text, `width` columns wide. A command stays on one line, because it is something to copy. */
export function firstDayText(steps: readonly PlannedStep[], width = lineWidth()): string {
  if (steps.length === 0) return "";
  return [
    colours.bold("the first day, in this order"),
    // Alone on its line, so that it can be opened from there. What the steps call `docs/` stands beside it.
    `  ${documentation("how-to/first-day.md")} says why.`,
    ...steps.flatMap(({ step, by, parts }, index) => [
      `  ${index + 1}. ${colours.bold(step)}${by === "person" ? " (yours)" : ""}`,
      ...parts.flatMap((part) =>
        "command" in part ? [`     ${colours.cyan(part.command)}`] : hanging("     ", 5, [part.says], width),
      ),
    ]),
  ].join("\n");
}
