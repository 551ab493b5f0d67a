import {
  AnalysisTemplate,
  type IAnalysisTemplate,
} from "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate";
import { type IRollout, Rollout } from "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/Rollout";
import type { Model } from "@kubernetes-models/base";
import {
  DestinationRule,
  type IDestinationRule,
} from "@kubernetes-models/istio/networking.istio.io/v1beta1/DestinationRule";
import { Gateway, type IGateway } from "@kubernetes-models/istio/networking.istio.io/v1beta1/Gateway";
import {
  type IVirtualService,
  VirtualService,
} from "@kubernetes-models/istio/networking.istio.io/v1beta1/VirtualService";
import {
  type IPeerAuthentication,
  PeerAuthentication,
} from "@kubernetes-models/istio/security.istio.io/v1beta1/PeerAuthentication";
import {
  type IPodMonitor,
  PodMonitor,
} from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { CustomResource as KubernetesCustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import * as pulumi from "@pulumi/pulumi";
import { type Problem, rejectProblems } from "./problem.ts";

/** Values may be Outputs at any depth; the structure is plain. */
export type DeepInput<T> = T extends string | number | boolean | undefined | null
  ? pulumi.Input<T>
  : T extends ReadonlyArray<infer Item>
    ? ReadonlyArray<DeepInput<Item>>
    : { readonly [Key in keyof T]: DeepInput<T[Key]> };

type SpecOf<T> = T extends { spec?: infer Spec } ? NonNullable<Spec> : never;
type Metric = SpecOf<IAnalysisTemplate>["metrics"][number];

/**
 * `consecutiveSuccessLimit` came with Argo Rollouts 1.8, after the schema of `@kubernetes-models/argo-rollouts` 0.3 was
 * made.
 */
export type AnalysisMetric = Metric & { consecutiveSuccessLimit?: number };

/** The custom resources we write: the fields a person can set, as upstream's schema types them. */
export interface CustomResourceSpecs {
  Rollout: SpecOf<IRollout>;
  AnalysisTemplate: Omit<SpecOf<IAnalysisTemplate>, "metrics"> & { metrics: AnalysisMetric[] };
  VirtualService: SpecOf<IVirtualService>;
  DestinationRule: SpecOf<IDestinationRule>;
  Gateway: SpecOf<IGateway>;
  PeerAuthentication: SpecOf<IPeerAuthentication>;
  PodMonitor: SpecOf<IPodMonitor>;
}

export type CustomResourceKind = keyof CustomResourceSpecs;

/**
 * The version written to the cluster and the schema it is checked against. Istio's v1 (since Istio 1.22) has the fields
 * of v1beta1, the newest that `@kubernetes-models/istio` carries.
 */
const kinds: Record<CustomResourceKind, { apiVersion: string; schema: new (data: never) => Model<unknown> }> = {
  Rollout: { apiVersion: "argoproj.io/v1alpha1", schema: Rollout },
  AnalysisTemplate: { apiVersion: "argoproj.io/v1alpha1", schema: AnalysisTemplate },
  VirtualService: { apiVersion: "networking.istio.io/v1", schema: VirtualService },
  DestinationRule: { apiVersion: "networking.istio.io/v1", schema: DestinationRule },
  Gateway: { apiVersion: "networking.istio.io/v1", schema: Gateway },
  PeerAuthentication: { apiVersion: "security.istio.io/v1", schema: PeerAuthentication },
  PodMonitor: { apiVersion: "monitoring.coreos.com/v1", schema: PodMonitor },
};

/** `namespace` is always written out: a chart may not be installed yet, so the scope of a kind cannot be looked up. */
export interface CustomResourceMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * A custom resource whose spec upstream's schema has accepted, at plan time.
 *
 * @throws ProblemError with every field the schema refuses. Values that are Outputs are left to the API server.
 */
export function customResource<Kind extends CustomResourceKind>(
  kind: Kind,
  name: string,
  metadata: CustomResourceMetadata,
  spec: DeepInput<CustomResourceSpecs[Kind]>,
  opts: pulumi.CustomResourceOptions,
): KubernetesCustomResource {
  const { apiVersion } = kinds[kind];
  rejectProblems(
    `${kind} "${metadata.namespace}/${metadata.name}" does not fit its schema`,
    schemaProblems(kind, spec),
  );
  return new KubernetesCustomResource(name, { apiVersion, kind, metadata: { ...metadata }, spec }, opts);
}

/** What the schema of a kind refuses in a spec. */
export function schemaProblems(kind: CustomResourceKind, spec: unknown): Problem[] {
  const outputs: string[] = [];
  const data = { spec: withoutOutputs(spec, "/spec", outputs) };
  try {
    new kinds[kind].schema(data as never).validate();
    return [];
  } catch (error) {
    if (!isValidationError(error)) throw error;
    return error.errors
      .filter(
        ({ instancePath }) => !outputs.some((path) => instancePath === path || instancePath.startsWith(`${path}/`)),
      )
      .map(({ instancePath, message }) => ({
        path: instancePath
          .slice(1)
          .replace(/\/(\d+)(?=\/|$)/g, "[$1]")
          .replaceAll("/", "."),
        reason: `${message}.`,
      }));
  }
}

function withoutOutputs(value: unknown, path: string, outputs: string[]): unknown {
  if (pulumi.Output.isInstance(value)) {
    outputs.push(path);
    return "";
  }
  if (Array.isArray(value)) return value.map((item, index) => withoutOutputs(item, `${path}/${index}`, outputs));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        withoutOutputs(item, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, outputs),
      ]),
    );
  }
  return value;
}

interface ValidationError {
  readonly errors: readonly { readonly instancePath: string; readonly message?: string }[];
}

function isValidationError(error: unknown): error is ValidationError {
  return error instanceof Error && Array.isArray((error as { errors?: unknown }).errors);
}
