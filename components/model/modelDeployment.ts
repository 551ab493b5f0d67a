import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import * as pulumi from "@pulumi/pulumi";
import { Component } from "../core/component.ts";
import { customResource } from "../core/customResource.ts";
import { ignoreChanges } from "../core/driftRules.ts";
import type { Duration } from "../core/quantity.ts";
import type { HostCluster } from "./hostCluster.ts";
import type { Model } from "./model.ts";
import { validateModel } from "./modelProblems.ts";
import { objectNames } from "./objectNames.ts";
import { rolloutSpec } from "./rollout.ts";
import { strategyOf } from "./strategies/strategies.ts";
import { destinationRuleSpec, entrySpec, modelHost, podMonitorSpec, releaseSpec, servicePorts } from "./traffic.ts";
import { storeSecretName } from "./tritonPod.ts";

/** Where a model is deployed: the namespace and what the platform offers there. */
export interface ModelDeploymentArgs {
  /** The model's name: its host, its Service, the prefix of its pods. Changing it replaces everything of the model. */
  readonly name: string;
  readonly model: Model;
  /** The cluster it runs on, as far as a model may know it. */
  readonly host: HostCluster;
  /** The namespace, which must exist and be in the mesh. Changing it replaces everything of the model. */
  readonly namespace: string;
  /** Models are reached at `<name>.<domain>`. Changing it restarts nothing, but clients must follow. */
  readonly domain: string;
  /** `<namespace>/<name>` of the Gateway to register at. */
  readonly gateway: string;
  /** `host:port` where clients reach that gateway. */
  readonly gatewayAddress: pulumi.Input<string>;
  /** Where the Argo Rollouts controller reaches Prometheus. */
  readonly prometheusAddress: pulumi.Input<string>;
  /** Time between two scrapes of that Prometheus: how often an analysis looks follows from it. */
  readonly scrapeInterval: Duration;
}

/**
 * A model served by Triton and released by canary: a Rollout, its traffic, its analyses, its metrics. A new `version`,
 * image or server option is rolled out step by step and rolled back when an analysis fails; the first deployment is not
 * analysed, since there is nothing to compare it with.
 */
export class ModelDeployment extends Component {
  /** Where clients send requests; the gateway tells models apart by their host name. */
  readonly url: pulumi.Output<string>;
  /** The host name to send. */
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

    const identity = [this.#serviceAccount(args), ...this.#storeCredentials(args)];
    const traffic = this.#traffic(args);
    const analyses = this.#analyses(args);
    this.#metrics(args);
    customResource(
      "Rollout",
      this.childName("rollout"),
      this.#metadata(args, args.name),
      rolloutSpec(args.name, model, args.host),
      {
        parent: this,
        dependsOn: [...identity, ...traffic, ...analyses],
      },
    );

    this.host = modelHost(args.name, args.domain);
    this.url = pulumi.interpolate`http://${args.gatewayAddress}/v2/models/${args.name}/infer`;
    this.registerOutputs({ url: this.url, host: this.host });
  }

  #serviceAccount(args: ModelDeploymentArgs): pulumi.Resource {
    const metadata = this.#metadata(args, args.name);
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

  /** The keys of a store that asks for them; none on a cloud. */
  #storeCredentials(args: ModelDeploymentArgs): pulumi.Resource[] {
    const credentials = args.host.identity?.credentials;
    if (credentials === undefined) return [];
    return [
      new Secret(
        this.childName("model-store"),
        { metadata: this.#metadata(args, storeSecretName(args.name)), stringData: credentials },
        { parent: this },
      ),
    ];
  }

  #traffic(args: ModelDeploymentArgs): pulumi.Resource[] {
    const { name, namespace, model } = args;
    const service = new Service(
      this.childName("service"),
      { metadata: this.#metadata(args, name), spec: { selector: { app: name }, ports: servicePorts } },
      { parent: this },
    );
    const subsets = customResource(
      "DestinationRule",
      this.childName("destination-rule"),
      this.#metadata(args, name),
      destinationRuleSpec(name, namespace),
      { parent: this, dependsOn: service, ...ignoreChanges("destinationRule") },
    );
    const release = customResource(
      "VirtualService",
      this.childName("release"),
      this.#metadata(args, objectNames(name).release),
      releaseSpec(name, namespace),
      { parent: this, dependsOn: subsets, ...ignoreChanges("releaseVirtualService") },
    );
    const entry = customResource(
      "VirtualService",
      this.childName("entry"),
      this.#metadata(args, name),
      entrySpec(name, model, args),
      { parent: this, dependsOn: release },
    );
    return [service, subsets, release, entry];
  }

  #analyses(args: ModelDeploymentArgs): pulumi.Resource[] {
    const { model } = args;
    return strategyOf(model.release)
      .analyses(model, model.release, args)
      .map(({ child, object, spec }) =>
        customResource("AnalysisTemplate", this.childName(child), this.#metadata(args, object), spec, { parent: this }),
      );
  }

  #metrics(args: ModelDeploymentArgs): void {
    customResource(
      "PodMonitor",
      this.childName("pod-monitor"),
      this.#metadata(args, args.name),
      podMonitorSpec(args.name),
      {
        parent: this,
      },
    );
  }

  #metadata({ name, namespace }: ModelDeploymentArgs, objectName: string) {
    return {
      name: objectName,
      namespace,
      labels: { "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "serin" },
    };
  }
}
