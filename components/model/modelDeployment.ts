import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";
import { customResource } from "../core/customResource.ts";
import { ignoreChanges } from "../core/driftRules.ts";
import type { Duration } from "../core/quantity.ts";
import { awaitAnnotations, type ModelKind } from "./awaits.ts";
import { fittingPools, type HostCluster } from "./hostCluster.ts";
import type { Model } from "./model.ts";
import { validateModel } from "./modelProblems.ts";
import { objectLabels, objectNames, rateLimitName, stickyUsersName } from "./objectNames.ts";
import { defaultRateLimit, type GatewayProxies, rateLimitSpec } from "./rateLimit.ts";
import { rollbackAlerts, watchSeconds } from "./rollbackGuard.ts";
import { plannedSecondsAnnotation, podDeadlineSeconds, rolloutSpec } from "./rollout.ts";
import { stickyUsersSpec } from "./stickyUsers.ts";
import type { AnalysisContext, RolloutStrategy } from "./strategies/releaseStrategy.ts";
import { hasManagedRoutes, strategyOf } from "./strategies/strategies.ts";
import { authorizationPolicySpec, requestAuthenticationSpec } from "./tokens.ts";
import {
  destinationRuleSpec,
  entrySpec,
  grpcReleaseSpec,
  inferenceUrl,
  meshEntrySpec,
  modelHost,
  podMonitorSpec,
  releaseSpec,
  servicePorts,
} from "./traffic.ts";
import type { GpuRequest } from "./triton.ts";
import { storeSecretName } from "./tritonPod.ts";
import { waitingAlerts } from "./waitingAlerts.ts";

/** A model, and where it is deployed: the cluster, the namespace and what the platform offers there. */
export interface ModelDeploymentArgs {
  /** The model's name: its host, its Service, the prefix of its pods. Changing it replaces everything of the model. */
  readonly name: string;
  /**
   * The model with its version. A change of the version, the image or another option of the pods starts a release; the
   * comment of each field of `Model` says what its change does.
   */
  readonly model: Model;
  /** What the model knows of its cluster. Another store or another set of fitting pools starts a release. */
  readonly host: HostCluster;
  /** The namespace, which must exist and be in the mesh. Changing it replaces everything of the model. */
  readonly namespace: string;
  /** The model's host is `<name>.<domain>`. Changing it restarts nothing, but clients must use the new host. */
  readonly domain: string;
  /** `<namespace>/<name>` of the Gateway whose requests reach the model. Changing it restarts nothing. */
  readonly gateway: string;
  /** `host:port` where clients reach that Gateway. */
  readonly gatewayAddress: pulumi.Input<string>;
  /** Whether that Gateway serves HTTPS. Answers then tell browsers to use nothing else (HSTS). @default "http" */
  readonly gatewayScheme?: "http" | "https";
  /**
   * The pods behind that Gateway, for the rate limit. A change of the namespace replaces the EnvoyFilter.
   * @default pods with the label `istio: ingressgateway`, through Istio's usual root namespace `istio-system`
   */
  readonly gatewayProxies?: GatewayProxies;
  /** `http://host:port` where the Argo Rollouts controller reaches Prometheus. */
  readonly prometheusAddress: pulumi.Input<string>;
  /** Time between two scrapes of that Prometheus. An analysis measures after every second scrape. */
  readonly scrapeInterval: Duration;
}

/**
 * A model that Triton serves, with its pods (a Rollout), traffic, analyses and metrics. A new `version`, image or
 * server option is released by the model's strategy, step by step, and rolled back when an analysis fails. The first
 * deployment is not analysed: there is nothing to compare it with.
 */
export class ModelDeployment extends Component {
  /**
   * The address for inference requests. Over HTTP it names the gateway, so requests also need the header
   * `Host: <host>`; over HTTPS it names the model, which is what the certificate is for.
   */
  readonly url: pulumi.Output<string>;
  /** The value of the `Host` header, by which the gateway finds the model: `<name>.<domain>`. */
  readonly host: string;

  constructor(name: string, args: ModelDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    const { model, namespace } = args;
    super(
      "model:ModelDeployment",
      name,
      { name: args.name, namespace, version: model.version, release: model.release.kind },
      opts,
    );
    this.reject(validateModel(args.name, model));

    const context = { ...args, podDeadlineSeconds: podDeadlineSeconds(model, args.host) };
    const identity = [this.#serviceAccount(args), ...this.#storeCredentials(args)];
    const traffic = this.#traffic(args);
    const analyses = this.#analyses(args, context);
    this.#rateLimit(args);
    this.#stickyUsers(args);
    this.#flags(args);
    this.#metrics(args);
    this.#alerts(args, context);
    if (hasAnotherNode(model.server.gpu, args.host)) this.#disruptions(args);
    customResource(
      "Rollout",
      this.childName("rollout"),
      this.#metadata("Rollout", args, args.name, plannedAnnotation(model, context)),
      rolloutSpec(model, args.host, context),
      {
        parent: this,
        dependsOn: [...identity, ...traffic, ...analyses],
      },
    );

    this.host = modelHost(args.name, args.domain);
    const at = { name: args.name, domain: args.domain, gatewayScheme: args.gatewayScheme ?? "http" };
    this.url = pulumi.output(args.gatewayAddress).apply((gatewayAddress) => inferenceUrl({ ...at, gatewayAddress }));
    this.registerOutputs({ url: this.url, host: this.host });
  }

  #serviceAccount(args: ModelDeploymentArgs): pulumi.Resource {
    const metadata = this.#metadata("ServiceAccount", args, args.name);
    const annotations = args.host.identity?.annotations ?? {};
    return new ServiceAccount(
      this.childName("service-account"),
      {
        metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
        automountServiceAccountToken: false,
      },
      { parent: this },
    );
  }

  /** A Secret with the keys of a store that needs them. On a cloud there is none. */
  #storeCredentials(args: ModelDeploymentArgs): pulumi.Resource[] {
    const credentials = args.host.identity?.credentials;
    if (credentials === undefined) return [];
    return [
      new Secret(
        this.childName("model-store"),
        { metadata: this.#metadata("Secret", args, storeSecretName(args.name)), stringData: credentials },
        { parent: this },
      ),
    ];
  }

  #traffic(args: ModelDeploymentArgs): pulumi.Resource[] {
    const { name, namespace, model } = args;
    const service = new Service(
      this.childName("service"),
      { metadata: this.#metadata("Service", args, name), spec: { selector: { app: name }, ports: servicePorts } },
      { parent: this },
    );
    const subsets = customResource(
      "DestinationRule",
      this.childName("destination-rule"),
      this.#metadata("DestinationRule", args, name),
      destinationRuleSpec(name, namespace, model.traffic),
      { parent: this, dependsOn: service, ...ignoreChanges("destinationRule") },
    );
    const release = customResource(
      "VirtualService",
      this.childName("release"),
      this.#metadata("VirtualService", args, objectNames(name).release),
      releaseSpec(name, namespace),
      { parent: this, dependsOn: subsets, ...ignoreChanges("releaseVirtualService") },
    );
    const releases = [release];
    if (hasManagedRoutes(model.release)) {
      releases.push(
        customResource(
          "VirtualService",
          this.childName("release-grpc"),
          this.#metadata("VirtualService", args, objectNames(name).grpcRelease),
          grpcReleaseSpec(name, namespace),
          { parent: this, dependsOn: subsets, ...ignoreChanges("releaseVirtualService") },
        ),
      );
    }
    const entry = customResource(
      "VirtualService",
      this.childName("entry"),
      this.#metadata("VirtualService", args, name),
      entrySpec(name, model, args),
      { parent: this, dependsOn: releases },
    );
    const mesh = customResource(
      "VirtualService",
      this.childName("mesh"),
      this.#metadata("VirtualService", args, objectNames(name).mesh),
      meshEntrySpec(name, model, namespace),
      { parent: this, dependsOn: releases },
    );
    return [service, ...this.#releaseServices(args), subsets, ...releases, entry, mesh, ...this.#tokens(args)];
  }

  #stickyUsers(args: ModelDeploymentArgs): void {
    const { name, model, namespace, domain, gatewayProxies = usualProxies } = args;
    const user = strategyOf(model.release).stickyUsers?.(model.release);
    if (user === undefined) return;
    const draw = `${name}/${model.version}`;
    customResource(
      "EnvoyFilter",
      this.childName("sticky-users"),
      {
        ...this.#metadata("EnvoyFilter", args, stickyUsersName(name, namespace)),
        namespace: gatewayProxies.namespace,
      },
      stickyUsersSpec(modelHost(name, domain), user, draw, gatewayProxies),
      { parent: this },
    );
  }

  #rateLimit(args: ModelDeploymentArgs): void {
    const { name, model, namespace, domain, gatewayProxies = usualProxies } = args;
    const { rateLimit = defaultRateLimit } = model.traffic;
    if (rateLimit === "none") return;
    const object = rateLimitName(name, namespace);
    customResource(
      "EnvoyFilter",
      this.childName("rate-limit"),
      { ...this.#metadata("EnvoyFilter", args, object), namespace: gatewayProxies.namespace },
      rateLimitSpec(object, modelHost(name, domain), rateLimit, gatewayProxies),
      { parent: this },
    );
  }

  /** Before the pods: none of them answers without a token for a moment. */
  #tokens(args: ModelDeploymentArgs): pulumi.Resource[] {
    const { name, model } = args;
    const { jwt } = model.traffic;
    if (jwt === undefined) return [];
    return [
      customResource(
        "RequestAuthentication",
        this.childName("request-authentication"),
        this.#metadata("RequestAuthentication", args, name),
        requestAuthenticationSpec(name, jwt),
        { parent: this },
      ),
      customResource(
        "AuthorizationPolicy",
        this.childName("authorization-policy"),
        this.#metadata("AuthorizationPolicy", args, name),
        authorizationPolicySpec(name, jwt),
        { parent: this },
      ),
    ];
  }

  /** Services that the controller points to one version each. */
  #releaseServices(args: ModelDeploymentArgs): pulumi.Resource[] {
    const { name, model } = args;
    const services = strategyOf(model.release).services?.(name) ?? [];
    return services.map(
      (service) =>
        new Service(
          this.childName(service.slice(`${name}-`.length)),
          {
            metadata: this.#metadata("Service", args, service),
            spec: { selector: { app: name }, ports: servicePorts },
          },
          { parent: this, ...ignoreChanges("releaseService") },
        ),
    );
  }

  #analyses(args: ModelDeploymentArgs, context: AnalysisContext): pulumi.Resource[] {
    const { model } = args;
    return strategyOf(model.release)
      .analyses(model, model.release, context)
      .map(({ child, object, spec }) =>
        customResource(
          "AnalysisTemplate",
          this.childName(child),
          this.#metadata("AnalysisTemplate", args, object),
          spec,
          { parent: this },
        ),
      );
  }

  /** For flagd, which reads them from this ConfigMap. Pods of the model do not, so a change starts no release. */
  #flags(args: ModelDeploymentArgs): void {
    const { name, model } = args;
    const definitions = strategyOf(model.release).flags?.(name, model.release);
    if (definitions === undefined) return;
    new ConfigMap(
      this.childName("flags"),
      {
        metadata: this.#metadata("ConfigMap", args, objectNames(name).flags),
        data: { "flags.json": JSON.stringify(definitions) },
      },
      { parent: this },
    );
  }

  #metrics(args: ModelDeploymentArgs): void {
    customResource(
      "PodMonitor",
      this.childName("pod-monitor"),
      this.#metadata("PodMonitor", args, args.name),
      podMonitorSpec(args.name),
      {
        parent: this,
      },
    );
  }

  #alerts(args: ModelDeploymentArgs, context: AnalysisContext): void {
    const { model } = args;
    const { strategy } = rolloutSpec(model, args.host, context);
    const waits = waitingAlerts(context, (strategy ?? {}) as RolloutStrategy, plannedSeconds(model, context));
    customResource(
      "PrometheusRule",
      this.childName("alerts"),
      this.#metadata("PrometheusRule", args, args.name),
      { groups: [waits, ...(rollbackAlerts(model, args)?.groups ?? [])] },
      { parent: this },
    );
  }

  /**
   * Who drains a node evicts one pod of the model at a time, and the next when the first runs elsewhere. A model of one
   * replica is evicted, too, and a pod that never gets ready does not hold up a drain.
   */
  #disruptions(args: ModelDeploymentArgs): void {
    new PodDisruptionBudget(
      this.childName("disruption-budget"),
      {
        metadata: this.#metadata("PodDisruptionBudget", args, args.name),
        spec: {
          maxUnavailable: 1,
          selector: { matchLabels: { app: args.name } },
          unhealthyPodEvictionPolicy: "AlwaysAllow",
        },
      },
      { parent: this },
    );
  }

  #metadata(
    kind: ModelKind,
    { name, namespace }: ModelDeploymentArgs,
    objectName: string,
    more: Readonly<Record<string, string>> = {},
  ) {
    const annotations = { ...awaitAnnotations(kind), ...more };
    return {
      name: objectName,
      namespace,
      labels: objectLabels(name),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    };
  }
}

const usualProxies: GatewayProxies = { namespace: "istio-system", selector: { istio: "ingressgateway" } };

/**
 * Whether an evicted pod may run on another node. Where all pools that fit have one node together, a budget would only
 * stop the drain of that node for ever. Nodes for models without a GPU are not known here.
 */
function hasAnotherNode(gpu: GpuRequest | undefined, { gpuPools }: HostCluster): boolean {
  if (gpu === undefined) return true;
  return fittingPools(gpu, gpuPools).reduce((nodes, [, { max }]) => nodes + max, 0) > 1;
}

/** How long each step is planned to take, in seconds, the watch of rollback guards among them. */
function plannedSeconds(model: Model, context: AnalysisContext): readonly number[] | undefined {
  const planned = strategyOf(model.release).plannedSeconds?.(model, model.release, context);
  const watch = watchSeconds(model);
  return planned === undefined || watch === 0 ? planned : [...planned, watch];
}

/** What `serin status` compares a step with. */
function plannedAnnotation(model: Model, context: AnalysisContext): Record<string, string> {
  const planned = plannedSeconds(model, context);
  return planned === undefined ? {} : { [plannedSecondsAnnotation]: JSON.stringify(planned) };
}
