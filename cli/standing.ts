import colours from "picocolors";
import { type ClusterSpec, cloudOf } from "../components/cluster/clouds.ts";
import { hanging, lineWidth } from "../components/core/hanging.ts";
import { replicasAt } from "../components/platform/availability.ts";
import type { Certificate } from "../components/platform/certificate.ts";
import { systemCluster } from "../components/platform/systems.ts";
import type { Environment } from "../stacks/environments/environment.ts";

/** What runs as often as a site's availability says, by the key of the system that has it. */
const counted: Readonly<Record<string, readonly string[]>> = {
  istio: ["istiod", "gateway"],
  argoRollouts: ["Rollouts controller"],
  certManager: ["cert-manager"],
  prometheus: ["Prometheus"],
};

const certificates: Readonly<Record<Certificate["kind"], string>> = {
  privateCa: "the cluster's own authority",
  acme: "an ACME server",
  issuer: "an issuer of yours",
  secret: "a Secret of yours",
};

/**
 * Who reaches the models of each cluster and how, and how many pods there are of what they need, as declared. The
 * policies of ingress and availability judge the objects themselves.
 */
export function standingText(environment: Environment, width = lineWidth()): string {
  const models = Object.entries(environment.models).map(([name, { replicas }]) => `${name} ${replicas}`);
  return [
    colours.bold("who reaches the models, and how many pods there are"),
    ...Object.entries(environment.clusters).flatMap(([key, spec]) => [
      `  ${key}`,
      ...hanging("    ", 4, [reach(environment, spec), pods(environment, key, spec)], width),
    ]),
    ...(models.length === 0
      ? []
      : hanging("  ", 2, [`pods of each model on each cluster: ${models.join(", ")}`], width)),
  ].join("\n");
}

function reach({ platform: { istio } }: Environment, spec: ClusterSpec): string {
  const { certificate } = istio;
  const over =
    certificate === undefined
      ? "plain HTTP"
      : `HTTPS, its certificate from ${certificates[certificate.kind]}, HTTP redirected`;
  return `${"adopt" in istio ? "a gateway that is adopted" : way(spec)}; ${over}`;
}

function way(spec: ClusterSpec): string {
  const cloud = cloudOf(spec);
  const balancer = cloud.loadBalancer(spec);
  if (balancer !== undefined) {
    const { sourceRanges } = balancer;
    if (sourceRanges.length === 0) return "internal load balancer";
    return sourceRanges.includes("0.0.0.0/0") ? "public, for everyone" : `public, for ${sourceRanges.join(", ")} alone`;
  }
  const ingress = cloud.settings(spec)?.ingress;
  if (ingress?.kind === "nodePort") return `port ${ingress.port} of every node`;
  const ranges = ingress?.sourceRanges;
  return `load balancer of the site${ranges === undefined ? "" : `, for ${ranges.join(", ")} alone`}`;
}

function pods(environment: Environment, key: string, spec: ClusterSpec): string {
  const { modes } = systemCluster(environment, key, spec, environment.platform);
  const installed = Object.entries(counted).flatMap(([system, names]) => (modes[system] === "install" ? names : []));
  if (installed.length === 0) return "its platform is adopted";
  const replicas = replicasAt(cloudOf(spec).settings(spec));
  return `${replicas === 1 ? "1 pod" : "2 pods"} each of ${installed.join(", ")}`;
}
