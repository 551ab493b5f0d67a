import colours from "picocolors";
import { hanging, lineWidth } from "../../components/core/hanging.ts";
import { gatewayService } from "../../components/platform/istioGateway.ts";
import { diagnose, type Finding } from "../../diagnosis/diagnose.ts";
import type { ControllerEvidence, Evidence } from "../../diagnosis/evidence.ts";
import { findingsText } from "../../diagnosis/findingText.ts";
import { clusterEvidence, type Surroundings } from "../../diagnosis/gather/clusterEvidence.ts";
import { type EnvironmentProcess, environmentStatus } from "../../embedded/environment/environment.ts";
import { declaredEnvironment, declaredModel } from "../../stacks/declared.ts";
import { gatewayAddress } from "../gatewayAddress.ts";
import type { Answer, Invocation } from "../run.ts";
import { type ReleaseOptions, type ReleaseSite, releaseSite } from "./release.ts";

/** Of which model and cluster. */
export type DoctorOptions = ReleaseOptions;

/** What is found of one model. */
interface Diagnosis {
  readonly model: string;
  readonly findings: readonly Finding[];
  readonly evidence: Evidence;
}

/**
 * `serin doctor`: the causes of what is wrong with a model, or with each model of an environment, from its pods to the
 * verdicts on a release. It changes nothing, and sends each model one request for its readiness.
 *
 * @throws ProblemError for what is not declared, and for a cluster that cannot be had
 */
export async function doctor(
  name: string | undefined,
  options: DoctorOptions,
  { signal, json }: Invocation,
): Promise<Answer> {
  const environment = declaredEnvironment(options.environment);
  if (name !== undefined) declaredModel(environment, name);
  const models = name === undefined ? Object.keys(environment.models) : [name];
  const first = models[0];
  if (first === undefined) return { result: { environment: environment.name, models: [] }, text: "There is no model." };
  const site = releaseSite(first, options, signal);
  const around = await surroundingsOf(site);
  const diagnoses: Diagnosis[] = [];
  // One after another: each asks the cluster a dozen things at once.
  for (const model of models) {
    const evidence = await clusterEvidence(site.place(model), around);
    diagnoses.push({ model, evidence, findings: diagnose(evidence) });
  }
  return {
    result: {
      environment: environment.name,
      cluster: site.cluster,
      models: diagnoses.map(({ model, findings, evidence }) => ({ model, findings, ...(json ? { evidence } : {}) })),
    },
    text: [...sharedText(diagnoses, site), ...diagnoses.map((one) => modelText(one, diagnoses, site))].join("\n\n"),
  };
}

/** What the embedded environment's processes do for a release, by their name. */
const does: Readonly<Record<string, string>> = {
  etcd: "nothing can be written",
  "kube-apiserver": "nothing can be read or changed",
  "kube-controller-manager": "no pod is made or removed",
  "kube-scheduler": "no new pod gets a node",
  istiod: "weights do not reach the gateway",
  "argo-rollouts": "no release goes on, and none goes back",
  prometheus: "no release is decided",
  kwok: "the simulated nodes are not kept ready",
  gateway: "no model is reached",
  "node-agent": "no pod is started, probed or ended",
};

function controllerOf({ name, ready, lastExit, restarts }: EnvironmentProcess): ControllerEvidence {
  const said = [
    ...(lastExit === undefined ? [] : [`its last process ended with ${lastExit}`]),
    ...(restarts === 0 ? [] : [`${restarts} restarts`]),
  ];
  return {
    name,
    does: does[name] ?? "what it does is not done",
    object: `process ${name}`,
    ready: ready ? 1 : 0,
    wanted: 1,
    message: said.join(", "),
  };
}

async function surroundingsOf({
  environment,
  cluster,
  view,
  embedded,
  prometheusUrl,
}: ReleaseSite): Promise<Surroundings> {
  if (embedded !== undefined) {
    const { gateway } = embedded;
    return {
      address: `http://${gateway.address}:${gateway.port}`,
      processes: environmentStatus(environment.name).map(controllerOf),
      ...(prometheusUrl === undefined ? {} : { prometheusUrl }),
    };
  }
  try {
    const [service, nodes] = await Promise.all([view.service(gatewayService), view.nodes()]);
    const address = gatewayAddress(environment, cluster, service, nodes);
    if (address !== undefined) return { address };
    const { namespace, name } = gatewayService;
    return service?.spec?.type === "LoadBalancer" && (service.status?.loadBalancer?.ingress ?? []).length === 0
      ? { noAddress: `Service ${namespace}/${name} has no address yet.` }
      : {};
  } catch {
    // The evidence says that the cluster cannot be read.
    return {};
  }
}

/** Findings that are the same for every model are those of the cluster. */
function isShared(finding: Finding, diagnoses: readonly Diagnosis[]): boolean {
  return (
    diagnoses.length > 1 &&
    diagnoses.every(({ findings }) =>
      findings.some(({ rule, cause }) => rule === finding.rule && cause === finding.cause),
    )
  );
}

function sharedText(diagnoses: readonly Diagnosis[], { cluster }: ReleaseSite): string[] {
  const shared = (diagnoses[0]?.findings ?? []).filter((one) => isShared(one, diagnoses));
  return shared.length === 0 ? [] : [`${colours.bold(cluster)}: ${found(shared)}`, findingsText(shared)];
}

function modelText(
  { model, findings, evidence }: Diagnosis,
  diagnoses: readonly Diagnosis[],
  { cluster }: ReleaseSite,
): string {
  const own = findings.filter((one) => !isShared(one, diagnoses));
  return [
    `${colours.bold(model)} on ${cluster}: ${own.length === 0 ? "nothing wrong is found" : found(own)}`,
    ...(own.length === 0 ? [] : [findingsText(own)]),
    lookedAt(evidence),
  ].join("\n\n");
}

function found(findings: readonly Finding[]): string {
  const causes = findings.filter(({ follows }) => !follows).length;
  return causes === 1 ? "one thing is wrong" : `${causes} things are wrong`;
}

/** Which parts were looked at, and which could not be: a fault there stays unknown. */
function lookedAt({
  pods,
  events,
  nodes,
  analyses,
  route,
  request,
  certificates,
  prometheus,
  webhooks,
  controllers,
  clock,
  notRead,
}: Evidence): string {
  const counted = (count: number | undefined, one: string, many = `${one}s`) =>
    count === undefined ? [] : [`${count} ${count === 1 ? one : many}`];
  const parts = [
    ...counted(pods.length, "pod"),
    ...counted(events.length, "event"),
    ...counted(nodes?.length, "node"),
    ...counted(analyses?.length, "analysis", "analyses"),
    ...(route === undefined ? [] : ["the route"]),
    ...(request === undefined ? [] : ["a request through the gateway"]),
    ...counted(certificates?.length, "certificate"),
    ...counted(prometheus?.allTargets, "target of Prometheus", "targets of Prometheus"),
    ...counted(webhooks?.length, "webhook"),
    ...counted(controllers?.length, "controller"),
    ...(clock === undefined ? [] : ["the clocks"]),
  ];
  const missing = Object.entries(notRead).map(([part, why]) => `${part} (${why})`);
  return [
    ...hanging("  looked at ", 12, [`${parts.join(", ")}.`], lineWidth()),
    ...(missing.length === 0 ? [] : hanging("  not read  ", 12, missing, lineWidth())),
  ].join("\n");
}
