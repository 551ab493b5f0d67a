import {
  AnalysisTemplate,
  type IAnalysisTemplate,
} from "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate";
import { type IRollout, Rollout } from "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/Rollout";
import type { Model } from "@kubernetes-models/base";
import { Certificate, type ICertificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Certificate";
import { ClusterIssuer, type IClusterIssuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/ClusterIssuer";
import { type IIssuer, Issuer } from "@kubernetes-models/cert-manager/cert-manager.io/v1/Issuer";
import { EnvoyFilter, type IEnvoyFilter } from "@kubernetes-models/istio/networking.istio.io/v1alpha3/EnvoyFilter";
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
  AuthorizationPolicy,
  type IAuthorizationPolicy,
} from "@kubernetes-models/istio/security.istio.io/v1beta1/AuthorizationPolicy";
import {
  type IPeerAuthentication,
  PeerAuthentication,
} from "@kubernetes-models/istio/security.istio.io/v1beta1/PeerAuthentication";
import {
  type IRequestAuthentication,
  RequestAuthentication,
} from "@kubernetes-models/istio/security.istio.io/v1beta1/RequestAuthentication";
import { type ITelemetry, Telemetry } from "@kubernetes-models/istio/telemetry.istio.io/v1alpha1/Telemetry";
import {
  type IPodMonitor,
  PodMonitor,
} from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import {
  type IPrometheusRule,
  PrometheusRule,
} from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { CustomResource as KubernetesCustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import * as pulumi from "@pulumi/pulumi";
import { type Problem, rejectProblems } from "./problem.ts";

/** `T` with Outputs allowed for scalars at any depth. Objects and lists themselves are plain. */
export type DeepInput<T> = T extends string | number | boolean | undefined | null
  ? pulumi.Input<T>
  : T extends ReadonlyArray<infer Item>
    ? ReadonlyArray<DeepInput<Item>>
    : { readonly [Key in keyof T]: DeepInput<T[Key]> };

type SpecOf<T> = T extends { spec?: infer Spec } ? NonNullable<Spec> : never;
type Metric = SpecOf<IAnalysisTemplate>["metrics"][number];

/**
 * A metric of an AnalysisTemplate. `consecutiveSuccessLimit` came with Argo Rollouts 1.8 and is missing in the types of
 * `@kubernetes-models/argo-rollouts` 0.3.
 */
export type AnalysisMetric = Metric & { consecutiveSuccessLimit?: number };

/**
 * What a proxy does with the pods behind a Service, as far as we set it. `warmup` came with Istio 1.25 and is missing
 * in the types of `@kubernetes-models/istio` 2.3.
 */
export interface TrafficPolicy {
  /** How long a connection may take to open, and requests and retries under way in one proxy. */
  connectionPool: { tcp: { connectTimeout: string }; http: { http2MaxRequests: number; maxRetries: number } };
  /** Which pod gets the next request. */
  loadBalancer: {
    simple: "LEAST_REQUEST";
    warmup?: { duration: string };
    localityLbSetting: { enabled: boolean };
  };
  /** When a pod gets none for a while. */
  outlierDetection?: {
    consecutive5xxErrors: number;
    interval: string;
    baseEjectionTime: string;
    maxEjectionPercent: number;
  };
}

type EnvoyPatch = NonNullable<SpecOf<IEnvoyFilter>["configPatches"]>[number];

/**
 * What istiod changes in the configuration that it gives to proxies, as far as we set it. `domainName` came with Istio
 * 1.26 and is missing in the types of `@kubernetes-models/istio` 2.3.
 */
export interface EnvoyFilterSpec {
  /** The proxies: pods with these labels, in the EnvoyFilter's namespace or, from Istio's root namespace, in all. */
  workloadSelector: { labels: Readonly<Record<string, string>> };
  /** The changes, in order. */
  configPatches: {
    applyTo: NonNullable<EnvoyPatch["applyTo"]>;
    match: {
      context: "GATEWAY";
      listener?: { filterChain: { filter: { name: string; subFilter?: { name: string } } } };
      routeConfiguration?: { vhost: { domainName: string; route?: { name: string } } };
    };
    patch: { operation: NonNullable<NonNullable<EnvoyPatch["patch"]>["operation"]>; value: object };
  }[];
}

/** The `spec` of each kind of custom resource that the program writes, as upstream's schema types it. */
export interface CustomResourceSpecs {
  /** Argo Rollouts: the pods of a model, and how a new version gets its traffic. */
  Rollout: SpecOf<IRollout>;
  /** Argo Rollouts: the queries that decide on a release, or guard it. */
  AnalysisTemplate: Omit<SpecOf<IAnalysisTemplate>, "metrics"> & { metrics: AnalysisMetric[] };
  /** Istio: the routes of a model, with hosts and timeout (entry) or with the weights of a release. */
  VirtualService: SpecOf<IVirtualService>;
  /** Istio: the subsets of a model's Service, one for the stable version and one for the canary. */
  DestinationRule: Omit<SpecOf<IDestinationRule>, "trafficPolicy"> & { trafficPolicy?: TrafficPolicy };
  /** Istio: the rate limit of a model, which no other kind of Istio's has. */
  EnvoyFilter: EnvoyFilterSpec;
  /** Istio: the port of the ingress gateway that all models share. */
  Gateway: SpecOf<IGateway>;
  /** Istio: mutual TLS between pods, strict in the mesh and in the models' namespace. */
  PeerAuthentication: SpecOf<IPeerAuthentication>;
  /** Istio: labels of the gateway's metrics, beside Istio's own. */
  Telemetry: SpecOf<ITelemetry>;
  /** Istio: whose tokens the pods of a model take. */
  RequestAuthentication: SpecOf<IRequestAuthentication>;
  /** Istio: that the pods of a model refuse requests without a token. */
  AuthorizationPolicy: SpecOf<IAuthorizationPolicy>;
  /** cert-manager: what is to be certified, and the Secret that it is written to. */
  Certificate: SpecOf<ICertificate>;
  /** cert-manager: who signs for every namespace. It may use the cloud credentials of cert-manager's pods. */
  ClusterIssuer: SpecOf<IClusterIssuer>;
  /** cert-manager: who signs certificates of a namespace. */
  Issuer: SpecOf<IIssuer>;
  /** Prometheus Operator: the metrics endpoints of a model's pods. */
  PodMonitor: SpecOf<IPodMonitor>;
  /** Prometheus Operator: alerts that name what a person does about a model. */
  PrometheusRule: SpecOf<IPrometheusRule>;
}

/** A kind of custom resource that the program writes, as Kubernetes spells it. */
export type CustomResourceKind = keyof CustomResourceSpecs;

/**
 * The API version written to the cluster, and the schema that a spec is checked against. Istio's v1 (since Istio 1.22)
 * has the same fields as v1beta1, the newest version in `@kubernetes-models/istio`; for Telemetry as v1alpha1.
 */
const kinds: Record<CustomResourceKind, { apiVersion: string; schema: new (data: never) => Model<unknown> }> = {
  Rollout: { apiVersion: "argoproj.io/v1alpha1", schema: Rollout },
  AnalysisTemplate: { apiVersion: "argoproj.io/v1alpha1", schema: AnalysisTemplate },
  VirtualService: { apiVersion: "networking.istio.io/v1", schema: VirtualService },
  DestinationRule: { apiVersion: "networking.istio.io/v1", schema: DestinationRule },
  EnvoyFilter: { apiVersion: "networking.istio.io/v1alpha3", schema: EnvoyFilter },
  Gateway: { apiVersion: "networking.istio.io/v1", schema: Gateway },
  PeerAuthentication: { apiVersion: "security.istio.io/v1", schema: PeerAuthentication },
  Telemetry: { apiVersion: "telemetry.istio.io/v1", schema: Telemetry },
  RequestAuthentication: { apiVersion: "security.istio.io/v1", schema: RequestAuthentication },
  AuthorizationPolicy: { apiVersion: "security.istio.io/v1", schema: AuthorizationPolicy },
  Certificate: { apiVersion: "cert-manager.io/v1", schema: Certificate },
  ClusterIssuer: { apiVersion: "cert-manager.io/v1", schema: ClusterIssuer },
  Issuer: { apiVersion: "cert-manager.io/v1", schema: Issuer },
  PodMonitor: { apiVersion: "monitoring.coreos.com/v1", schema: PodMonitor },
  PrometheusRule: { apiVersion: "monitoring.coreos.com/v1", schema: PrometheusRule },
};

/** The `metadata` of a custom resource. */
export interface CustomResourceMetadata {
  /** The object's name. Changing it replaces the object. */
  readonly name: string;
  /**
   * The namespace. Always written out: the definition may not be on the cluster yet, so the provider could not look up
   * that the kind is namespaced. Changing it replaces the object.
   */
  readonly namespace: string;
  /** Labels of the object, not of its pods. Changing them updates it in place. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations of the object, not of its pods. Changing them updates it in place. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The `metadata` of a kind. */
type MetadataOf<Kind extends CustomResourceKind> = Kind extends "ClusterIssuer"
  ? Omit<CustomResourceMetadata, "namespace">
  : CustomResourceMetadata;

/**
 * Declares a custom resource after upstream's schema has accepted its spec, so that a plan finds mistakes.
 *
 * @throws ProblemError with every field that the schema refuses. Only the API server checks values that are Outputs.
 */
export function customResource<Kind extends CustomResourceKind>(
  kind: Kind,
  name: string,
  metadata: MetadataOf<Kind>,
  spec: DeepInput<CustomResourceSpecs[Kind]>,
  opts: pulumi.CustomResourceOptions,
): KubernetesCustomResource {
  const { apiVersion } = kinds[kind];
  const path = "namespace" in metadata ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  rejectProblems(`${kind} "${path}" does not fit its schema`, schemaProblems(kind, spec));
  return new KubernetesCustomResource(name, { apiVersion, kind, metadata: { ...metadata }, spec }, opts);
}

/** Every field of a spec that the schema of its kind refuses, by path from `spec`. Outputs are not checked. */
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
