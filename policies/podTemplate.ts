import type { ResourceValidation, ResourceValidationArgs } from "@pulumi/policy";
import { describe, type Report } from "./rule.ts";
import { everyItem } from "./unknown.ts";

/** The fields of a container that rules read, as a program or a chart may have written them. */
export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly env?: readonly { readonly name?: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly resources?: {
    readonly limits?: Readonly<Record<string, string | number>>;
    readonly requests?: Readonly<Record<string, string | number>>;
  };
}

/** The fields of a pod that rules read. */
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name?: string; readonly image?: { readonly reference?: string } }[];
}

/** A pod somewhere inside a resource. */
export interface PodTemplate {
  /** Where its spec is, as the person typed it: `spec.template.spec`. */
  readonly path: string;
  readonly spec: PodSpec;
  /** Read only when asked for, because annotations may be unknown when the rest is not. */
  hasAnnotation(name: string): boolean;
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: PodSpec;
}

/** What any resource that holds pods looks like, all kinds together. */
interface Workload extends Template {
  readonly kind?: string;
  readonly items?: readonly Workload[];
  readonly template?: Template;
  readonly spec?: PodSpec & {
    readonly template?: Template;
    readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
    readonly templates?: readonly { readonly template?: Template }[];
    readonly metrics?: readonly {
      readonly provider?: { readonly job?: { readonly spec?: { readonly template?: Template } } };
    }[];
  };
}

type Find = (resource: Workload, found: (path: string, template: Template | undefined) => void) => void;

const inSpec: Find = ({ spec }, found) => found("spec.template", spec?.template);
const inMetrics: Find = ({ spec }, found) =>
  everyItem(spec?.metrics, (metric, index) =>
    found(`spec.metrics[${index}].provider.job.spec.template`, metric.provider?.job?.spec?.template),
  );

/** Where the pods of each kind are. Experiments and job metrics of Argo Rollouts run pods as well. */
const findByKind: Readonly<Record<string, Find>> = {
  Pod: (pod, found) => found("", pod),
  PodTemplate: ({ template }, found) => found("template", template),
  ReplicationController: inSpec,
  Deployment: inSpec,
  StatefulSet: inSpec,
  DaemonSet: inSpec,
  ReplicaSet: inSpec,
  Job: inSpec,
  CronJob: ({ spec }, found) => found("spec.jobTemplate.spec.template", spec?.jobTemplate?.spec?.template),
  Rollout: inSpec,
  Experiment: ({ spec }, found) =>
    everyItem(spec?.templates, ({ template }, index) => found(`spec.templates[${index}].template`, template)),
  AnalysisTemplate: inMetrics,
  ClusterAnalysisTemplate: inMetrics,
  AnalysisRun: inMetrics,
};

const podKind = new RegExp(
  `^kubernetes:(?:core|apps|batch|extensions|argoproj\\.io)/[^:/]+:(?<kind>${Object.keys(findByKind).join("|")}|)(?<suffix>Patch|List|)$`,
);

/**
 * A rule over every pod a resource may run: all workload kinds, their `…Patch` and `…List` resources, the inline template of a
 * Rollout. A pod that cannot be known does not keep the others from being checked.
 */
export function everyPod(
  check: (pod: PodTemplate, report: Report, resource: { isPatch: boolean }) => void,
): ResourceValidation {
  return (args: ResourceValidationArgs, reportViolation) => {
    const match = podKind.exec(args.type)?.groups;
    const kind = match?.kind ?? "";
    const isList = match?.suffix === "List";
    if (match === undefined || (kind === "" && !isList)) return args.notApplicable(`${args.type} runs no pods`);

    const report: Report = (problem) => reportViolation(describe(problem));
    const checkPodsOf = (workload: Workload, kind: string, path: string) =>
      findByKind[kind]?.(workload, (at, template) => {
        const spec = template?.spec;
        if (spec === undefined) return;
        const hasAnnotation = (name: string) => name in (template?.metadata?.annotations ?? {});
        check({ path: join(path, at, "spec"), spec, hasAnnotation }, report, { isPatch: match.suffix === "Patch" });
      });

    const workload: Workload = args.props;
    if (!isList) return checkPodsOf(workload, kind, "");
    everyItem(workload.items, (item, index) => checkPodsOf(item, item.kind ?? kind, `items[${index}]`));
  };
}

/** Runs a check for every container of a pod, those of the start and those for debugging included. */
export function everyContainer(pod: PodTemplate, check: (container: Container, path: string) => void): void {
  everyItem(["initContainers", "containers", "ephemeralContainers"] as const, (field) =>
    everyItem(pod.spec[field], (container, index) => check(container, `${pod.path}.${field}[${index}]`)),
  );
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(".");
}
