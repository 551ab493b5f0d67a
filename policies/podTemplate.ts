import type { ResourceValidation, ResourceValidationArgs } from "@pulumi/policy";
import { describe, type Report } from "./rule.ts";
import { everyItem } from "./unknown.ts";

/**
 * The fields of a container that rules read. Every field may be missing: programs and charts are not checked before.
 */
export interface Container {
  /** The container's name, unique in its pod. */
  readonly name?: string;
  /** An image reference, by tag or digest. A patch may leave it out. */
  readonly image?: string;
  /** Environment variables. */
  readonly env?: readonly EnvironmentVariable[];
  /** What the scheduler counts. */
  readonly resources?: {
    /** The most the container may use, by resource name: `nvidia.com/gpu`. */
    readonly limits?: Readonly<Record<string, string | number>>;
    /** What the scheduler reserves, by resource name. */
    readonly requests?: Readonly<Record<string, string | number>>;
  };
}

/** One variable of a container's environment: a value, or a reference to one. */
export interface EnvironmentVariable {
  /** For example `NVIDIA_VISIBLE_DEVICES`. */
  readonly name?: string;
  /** The value as text. Empty is a value. */
  readonly value?: string;
  /** A reference to a Secret, a ConfigMap or a field of the pod. */
  readonly valueFrom?: object;
}

/** The fields of a pod that rules read. */
export interface PodSpec {
  /** Containers that run side by side. */
  readonly containers?: readonly Container[];
  /** Containers that run before, one after another; sidecars among them. */
  readonly initContainers?: readonly Container[];
  /** Containers that `kubectl debug` adds. */
  readonly ephemeralContainers?: readonly Container[];
  /** Volumes; one of kind `image` mounts an image. */
  readonly volumes?: readonly PodVolume[];
}

/** A volume of a pod, as far as rules read it. */
export interface PodVolume {
  /** The volume's name, unique in its pod. */
  readonly name?: string;
  /** The image that the volume mounts. */
  readonly image?: {
    /** An image reference, by tag or digest. */
    readonly reference?: string;
  };
}

/** A pod template somewhere inside a resource. */
export interface PodTemplate {
  /** The path of the pod's spec, as the person typed it: `spec.template.spec`. */
  readonly path: string;
  /** The pod's spec. */
  readonly spec: PodSpec;
  /** Reads annotations only on call: they may be unknown when the rest is known. */
  hasAnnotation(name: string): boolean;
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: PodSpec;
}

/** The fields of every kind that holds pods, all kinds together. */
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

/** The place of the pod template in each kind. Experiments and job metrics of Argo Rollouts run pods too. */
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
 * A rule over every pod that a resource may run: all workload kinds, their `…Patch` and `…List` resources, the inline
 * template of a Rollout. An unknown pod does not stop the checks of the others.
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

/** Runs a check for every container of a pod, init and ephemeral containers included. */
export function everyContainer(pod: PodTemplate, check: (container: Container, path: string) => void): void {
  everyItem(["initContainers", "containers", "ephemeralContainers"] as const, (field) =>
    everyItem(pod.spec[field], (container, index) => check(container, `${pod.path}.${field}[${index}]`)),
  );
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(".");
}
