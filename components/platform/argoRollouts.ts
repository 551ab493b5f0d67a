import type * as pulumi from "@pulumi/pulumi";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import type { Problem } from "../core/problem.ts";
import { mirrorOf } from "../core/registryMirror.ts";
import { adopt, adoptionProblems, type Requirement } from "./adopted.ts";
import { replicasAt, spread } from "./availability.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/**
 * Argo Rollouts: installed from its chart, or adopted where it runs already. Changing from one to the other redeploys
 * the controller.
 */
export type ArgoRolloutsArgs = { readonly install: Install } | { readonly adopt: Record<string, never> };

/** Without `consecutiveSuccessLimit`, new in 1.8, an analysis that never decides ends Successful. */
const requirements: readonly Requirement[] = [
  {
    crd: "rollouts.argoproj.io",
    version: "v1alpha1",
    since: "Argo Rollouts 1.8",
    fields: ["spec.progressDeadlineAbort"],
  },
  {
    crd: "analysistemplates.argoproj.io",
    version: "v1alpha1",
    since: "Argo Rollouts 1.8",
    fields: ["spec.metrics.consecutiveSuccessLimit"],
  },
];

/** Everything wrong with the arguments, by the path below `platform.argoRollouts`. */
export function validateArgoRollouts(args: ArgoRolloutsArgs & AtSite): Problem[] {
  return adoptionProblems(args, "install: {}");
}

/** Its pods drop all capabilities, run as another user than root, and have a seccomp profile. */
const namespace = { name: "argo-rollouts", podSecurity: "restricted" } as const;

/**
 * The chart's values. Of two controllers one leads, so that a lost node does not stop releases. What is not written is
 * the chart's default.
 */
export function rolloutsValues({ settings, zones }: AtSite): Record<string, unknown> {
  const replicas = replicasAt(settings);
  const registry = mirrorOf(settings?.registryMirror, "quay.io");
  return {
    controller: {
      image: { ...(registry === undefined ? {} : { registry }), tag: `v${charts.argoRollouts.app}` },
      replicas,
      pdb: replicas === 1 ? { enabled: false } : { enabled: true, maxUnavailable: 1 },
      topologySpreadConstraints: spread({ "app.kubernetes.io/name": "argo-rollouts" }, zones),
      // Without requests the kernel would end it before all others when a node's memory is full.
      resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
      metrics: { enabled: true },
    },
    // The aggregated roles would let every editor of a namespace skip the analysis of a release with one patch of its
    // status (`promoteFull`): argo-rollouts `manifests/base/argo-rollouts-aggregate-roles.yaml`.
    createClusterAggregateRoles: false,
  };
}

/**
 * The Argo Rollouts controller on one cluster. Installed: its namespace and its chart. Adopted: its definitions are
 * read, and the update fails where they lack what the program writes.
 */
export class ArgoRollouts extends Component {
  constructor(name: string, args: ArgoRolloutsArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:ArgoRollouts", name, { mode }, opts);
    this.reject(validateArgoRollouts(args));

    if ("install" in args) {
      const made = systemNamespace(this.childName("namespace"), namespace, {}, { parent: this });
      systemChart(
        this.childName("chart"),
        charts.argoRollouts,
        {
          release: "argo-rollouts",
          namespace: namespace.name,
          install: args.install,
          values: rolloutsValues(args),
          settings: args.settings,
        },
        { parent: this, dependsOn: made },
      );
      this.registerOutputs({ mode });
    } else {
      this.registerOutputs({
        mode,
        adopted: adopt(this.childName("crd"), "Argo Rollouts", requirements, { parent: this }),
      });
    }
  }
}

const versionSource = "argoproj/argo-rollouts `.github/workflows/testing.yaml` at the tag";

/** Argo Rollouts: installed, or adopted where it runs already. */
export const argoRollouts = {
  title: "Argo Rollouts",
  componentName: "argo-rollouts",
  declared: "required",
  after: [],
  namespaces: [namespace],
  requirements,
  webhookPorts: [],
  asks: {},
  versions: {
    title: "Argo Rollouts",
    verb: "is tested on",
    installed: charts.argoRollouts.app,
    releases: [
      { version: "1.8", kubernetes: { min: "1.28", max: "1.31" }, source: versionSource },
      { version: "1.9.0", kubernetes: { min: "1.31", max: "1.34" }, source: versionSource },
      { version: "1.9.1", kubernetes: { min: "1.32", max: "1.35" }, released: "2026-07-06", source: versionSource },
    ],
  },
  runsOn: () => true,
  problems: validateArgoRollouts,
  installed: (_declared: ArgoRolloutsArgs): ArgoRolloutsArgs => ({ install: {} }),
  build: (name, args, _cluster, opts) => ({ resource: new ArgoRollouts(name, args, opts), published: {} }),
} as const satisfies PlatformSystem<ArgoRolloutsArgs>;
