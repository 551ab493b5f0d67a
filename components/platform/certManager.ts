import type * as pulumi from "@pulumi/pulumi";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { mirrorOf } from "../core/registryMirror.ts";
import { adopt, adoptionProblems, type Requirement } from "./adopted.ts";
import { budget, replicasAt, spread } from "./availability.ts";
import { type Certificate, needsCertManager } from "./certificate.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/** cert-manager: installed from its chart, or adopted where it runs already. */
export type CertManagerArgs = { readonly install: Install } | { readonly adopt: Record<string, never> };

const requirements: readonly Requirement[] = [
  { crd: "certificates.cert-manager.io", version: "v1", since: "cert-manager 1.0" },
  { crd: "clusterissuers.cert-manager.io", version: "v1", since: "cert-manager 1.0" },
  { crd: "issuers.cert-manager.io", version: "v1", since: "cert-manager 1.0" },
];

/** Everything wrong with the arguments, by the path below `platform.certManager`. */
export function validateCertManager(args: CertManagerArgs & AtSite): Problem[] {
  return adoptionProblems(args, "install: {}");
}

// Every pod runs as another user than root, drops all capabilities, and has a seccomp profile.
const namespace = { name: "cert-manager", podSecurity: "restricted" } as const;
const release = "cert-manager";

/** What cert-manager is installed with, beside what an environment declares. */
export interface CertManagerCluster {
  /** Annotations of the configurations of its webhooks, as `CloudAdapter` has them. @default none */
  readonly webhookAnnotations?: Readonly<Record<string, string>>;
  /** Labels of the pods that change DNS records: those by which the cloud gives a pod its identity. @default none */
  readonly podLabels?: Readonly<Record<string, string>>;
}

/**
 * The chart's values. Two replicas of each part: while its webhook does not answer, nobody can change a certificate or
 * an issuer.
 *
 * - Memory by our estimate: the CA injector keeps every Secret, definition and webhook of the cluster, the others a few
 *   certificates.
 * - `crds.keep: false`: the definitions go with the chart, as `chartRenderer` says.
 * - `startupapicheck` is a hook, which `helm.v4.Chart` leaves out. It is off so that nobody waits for it.
 */
export function certManagerValues({
  settings,
  zones,
  webhookAnnotations = {},
  podLabels = {},
}: CertManagerCluster & AtSite): Record<string, unknown> {
  const registry = mirrorOf(settings?.registryMirror, "quay.io");
  const several = (component: string, cpu: string, memory: string) => ({
    // Without requests the kernel would end it before all others when a node's memory is full.
    resources: { requests: { cpu, memory } },
    replicaCount: replicasAt(settings),
    podDisruptionBudget: { enabled: replicasAt(settings) > 1, ...budget(settings) },
    topologySpreadConstraints: spread(
      { "app.kubernetes.io/instance": release, "app.kubernetes.io/component": component },
      zones,
    ),
  });
  return {
    ...(registry === undefined ? {} : { imageRegistry: registry }),
    crds: { enabled: true, keep: false },
    startupapicheck: { enabled: false },
    // Its own namespace instead of kube-system, which some clusters keep to themselves.
    global: { leaderElection: { namespace: namespace.name } },
    ...several("controller", "20m", "64Mi"),
    podLabels,
    webhook: {
      ...several("webhook", "10m", "32Mi"),
      mutatingWebhookConfigurationAnnotations: webhookAnnotations,
      validatingWebhookConfigurationAnnotations: webhookAnnotations,
    },
    cainjector: several("cainjector", "20m", "128Mi"),
  };
}

/**
 * cert-manager on one cluster. Installed: its namespace and its chart. Adopted: its definitions are read, and the
 * update fails where they are missing.
 */
export class CertManager extends Component {
  constructor(
    name: string,
    args: CertManagerArgs & CertManagerCluster & AtSite,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:CertManager", name, { mode }, opts);
    this.reject(validateCertManager(args));

    if ("install" in args) {
      const { install, settings } = args;
      const own = systemNamespace(this.childName("namespace"), namespace, {}, { parent: this });
      systemChart(
        this.childName("chart"),
        charts.certManager,
        { release, namespace: namespace.name, install, settings, values: certManagerValues(args) },
        { parent: this, dependsOn: own },
      );
      this.registerOutputs({ mode });
    } else {
      this.registerOutputs({
        mode,
        adopted: adopt(this.childName("crd"), "cert-manager", requirements, { parent: this }),
      });
    }
  }
}

/** cert-manager, where a certificate of the models' gateway or another system asks for it. */
export const certManager = {
  title: "cert-manager",
  componentName: "cert-manager",
  declared: "optional",
  fallback: { install: {} },
  after: [],
  namespaces: [namespace],
  requirements,
  webhookPorts: [10250],
  asks: {},
  upgrade: {
    to: charts.certManager.version,
    deployment: { namespace: namespace.name, name: "cert-manager" },
    lines: "every minor version",
    twoAtOnce: "discouraged",
    source: 'cert-manager documentation, "Upgrading cert-manager"',
  },
  runsOn: ({ platform, cloud, spec }) =>
    needsCertManager((platform.istio as { certificate?: Certificate } | undefined)?.certificate) ||
    cloud.needs(spec).includes("awsLoadBalancerController"),
  problems: validateCertManager,
  installed: (_declared: CertManagerArgs): CertManagerArgs => ({ install: {} }),
  build(name, args, { cloud: { webhookAnnotations = {}, identityMarks } }, opts) {
    const of = { webhookAnnotations, podLabels: identityMarks.podLabels };
    return { resource: new CertManager(name, { ...args, ...of }, opts), published: {} };
  },
} as const satisfies PlatformSystem<CertManagerArgs>;
