import colours from "picocolors";
import { ProblemError } from "../../components/core/problem.ts";
import { objectNames } from "../../components/model/objectNames.ts";
import { gatewayService } from "../../components/platform/istioGateway.ts";
import type { Finding } from "../../diagnosis/diagnose.ts";
import { findingsText } from "../../diagnosis/findingText.ts";
import type { Place } from "../../diagnosis/gather/startEvidence.ts";
import { startFindings } from "../../diagnosis/startFindings.ts";
import { environmentStatus } from "../../embedded/environment/environment.ts";
import { standInText } from "../../embedded/standIn/standIn.ts";
import { type AnalysisView, ClusterView, type RolloutView } from "../../rehearsal/cluster/clusterView.ts";
import { diagnosed, modelPlace } from "../../rehearsal/cluster/modelPlace.ts";
import { stateOf } from "../../rehearsal/cluster/modelStates.ts";
import { type ClusterOptions, localCluster } from "../../rehearsal/local/localCluster.ts";
import { underWay } from "../../rehearsal/local/release.ts";
import { chosenClusters, declaredEnvironment } from "../../stacks/declared.ts";
import { gatewayAddress, isReady } from "../gatewayAddress.ts";
import { refuseLoneContext } from "../localOptions.ts";
import type { Answer, Invocation } from "../run.ts";
import { columns } from "../terminal.ts";

interface ModelStatus {
  readonly name: string;
  readonly declared: string;
  readonly rollout?: RolloutView;
  /** Percent of traffic on the new version. */
  readonly weight: number;
  readonly host: string;
  readonly analyses: readonly AnalysisView[];
  /** The version that has the traffic; the first one, before it is ready. `–`: no pod tells. */
  readonly stableVersion: string;
  /** Why pods do not serve. */
  readonly findings: readonly Finding[];
  /** How the embedded environment runs it otherwise than a cluster does, in a sentence. Absent: it does not. */
  readonly standIn?: string;
}

/** The options of `serin status`. */
export interface StatusOptions extends ClusterOptions {
  /**
   * `--cluster`: the name of the cluster that the kubeconfig leads to. Required if the environment has several.
   * @default its only cluster
   */
  readonly cluster?: string;
}

/** What runs: clusters, platform, models with their versions, weights and verdicts. */
export async function status(name: string, options: StatusOptions, { signal }: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(name);
  refuseLoneContext(options);
  if (name !== "local" && options.kubeconfig === undefined) {
    throw new ProblemError(`Environment "${name}" cannot be looked at without its cluster`, [
      {
        path: "--kubeconfig",
        reason: "it is not given, and serin keeps no credentials.",
        fix: `Run: npx serin status ${name} --kubeconfig <file>`,
      },
    ]);
  }
  const [clusterName = name] = chosenClusters(environment, options);
  const cluster = localCluster(name, options);
  const view = new ClusterView(cluster.kubeconfig, { signal });
  const found = await view.nodes();
  const nodes = found.map((node) => ({
    name: node.metadata?.name ?? "?",
    ready: isReady(node),
    gpus: Number(node.status?.allocatable?.["nvidia.com/gpu"] ?? 0),
  }));
  const processes = cluster.embedded === undefined ? [] : environmentStatus(name);
  const models = await Promise.all(
    Object.entries(environment.models).map(async ([name, model]) => {
      const place = modelPlace(diagnosed(environment, name, model), view.client, cluster, { options, signal });
      const standIn = cluster.embedded === undefined ? undefined : standInText(model.server);
      return { ...(await modelStatus(view, place)), ...(standIn === undefined ? {} : { standIn }) };
    }),
  );
  const gateway = cluster.embedded?.gateway;
  const address =
    gateway === undefined
      ? gatewayAddress(environment, clusterName, await view.service(gatewayService), found)
      : `http://${gateway.address}:${gateway.port}`;
  const prometheus = cluster.embedded?.prometheusUrl;
  return {
    result: {
      environment: name,
      clusters: { [clusterName]: { nodes } },
      platform: { processes, gateway, address, ...(prometheus === undefined ? {} : { prometheus }) },
      models,
    },
    text: [
      [
        ...(address === undefined ? [] : [`${colours.bold(clusterName)}  gateway ${address}`]),
        ...(prometheus === undefined ? [] : [`Prometheus ${prometheus}`]),
      ].join("\n"),
      columns(
        ["node", "state", "GPUs"],
        nodes.map((node) => [node.name, node.ready ? "ready" : "not ready", String(node.gpus)]),
        [2],
      ),
      columns(
        ["process", "state", "pid", "restarts"],
        processes.map(({ name: process, ready, pid, restarts }) => [
          process,
          ready ? "ready" : "not ready",
          String(pid ?? "–"),
          String(restarts),
        ]),
        [2, 3],
      ),
      columns(["model", "version", "state", "canary", "verdicts"], models.map(modelRow), [3]),
      models
        .flatMap(({ name: model, standIn }) =>
          standIn === undefined ? [] : [`${colours.bold(model)} is not as on a cluster: ${standIn}`],
        )
        .join("\n"),
      ...models
        .filter(({ findings }) => findings.length > 0)
        .map(
          ({ name: model, findings }) =>
            `${colours.bold(model)} does not serve as declared\n\n${findingsText(findings)}`,
        ),
    ]
      .filter((part) => part !== undefined && part !== "")
      .join("\n\n"),
  };
}

async function modelStatus(view: ClusterView, place: Place): Promise<ModelStatus> {
  const { namespace, name, version: declared, host } = place.model;
  const rollout = await view.rollout(namespace, name);
  if (rollout === undefined) return { name, declared, weight: 0, host, analyses: [], stableVersion: "–", findings: [] };
  const [weight, analyses, pods, findings] = await Promise.all([
    view.canaryWeight(namespace, objectNames(name).release),
    view.analyses(namespace, name, rollout.currentHash),
    view.pods(namespace, `app=${name}`),
    startFindings(place),
  ]);
  const stable = pods.find(({ metadata }) => metadata?.labels?.["rollouts-pod-template-hash"] === rollout.stableHash);
  // A first version is on its way until it is stable, and no pod is of a stable revision.
  const stableVersion = rollout.stableHash === "" ? rollout.version : (stable?.metadata?.labels?.version ?? "–");
  return { name, declared, rollout, weight, host, analyses, stableVersion, findings };
}

function modelRow({ name, declared, rollout, weight, analyses, stableVersion }: ModelStatus): string[] {
  if (rollout === undefined) return [name, `– (declared ${declared})`, "not deployed", "–", ""];
  const releasing = underWay(rollout);
  const version = releasing ? `${stableVersion} → ${rollout.version}` : stableVersion;
  return [name, version, stateOf(rollout), releasing ? `${weight} %` : "–", verdictsOf(analyses)];
}

/** The latest word of each metric: what failed first, then what passed. */
function verdictsOf(analyses: readonly AnalysisView[]): string {
  const latest = new Map(analyses.flatMap(({ metrics }) => metrics.map(({ name, phase }) => [name, phase] as const)));
  const failed = analyses
    .flatMap(({ metrics }) => metrics)
    .filter(({ phase }) => phase === "Failed" || phase === "Error");
  if (failed.length > 0)
    return [...new Set(failed.map(({ name, phase }) => `${name} ${phase.toLowerCase()}`))].join(", ");
  return [...latest].map(([metric, phase]) => `${metric} ${phase.toLowerCase()}`).join(", ");
}
