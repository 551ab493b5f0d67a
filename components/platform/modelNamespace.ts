import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type * as pulumi from "@pulumi/pulumi";
import type { AtSite } from "../cluster/onPrem/siteSettings.ts";
import { Component } from "../core/component.ts";
import { customResource } from "../core/customResource.ts";
import { dnsLabelProblems } from "../core/names.ts";
import { exitCodes, type Problem, ProblemError } from "../core/problem.ts";
import { adoptionProblems } from "./adopted.ts";
import type { PlatformSystem, PodSecurityLevel } from "./platformSystem.ts";
import { secondWave } from "./secondWave.ts";
import { podSecurityLabels } from "./systemChart.ts";

/**
 * The namespace that the models run in: created, or adopted where an administrator prepared it (with the volume of the
 * models, for example). The value is its name, a DNS label. Changing the name replaces every model.
 */
export type ModelNamespaceArgs = { readonly create: string } | { readonly adopt: string };

const injection = "istio-injection";

/**
 * The Pod Security level that the models' pods need: the sidecar's init container sets up the pod's network with the
 * capabilities NET_ADMIN and NET_RAW.
 */
export const modelPodSecurity: PodSecurityLevel = "privileged";

/** The namespace's name, created or adopted. */
export function namespaceName(args: ModelNamespaceArgs): string {
  return "create" in args ? args.create : args.adopt;
}

/** Everything wrong with the arguments, by the path below `platform.modelNamespace`. */
export function validateModelNamespace(args: ModelNamespaceArgs & AtSite): Problem[] {
  const name = namespaceName(args);
  return [
    ...dnsLabelProblems("create" in args ? "create" : "adopt", name),
    ...adoptionProblems(args, `create: "${name}"`),
  ];
}

/**
 * The models' namespace on one cluster, with strict mutual TLS. An adopted one is read, and the update fails where it
 * does not have the label `istio-injection: enabled`.
 */
export class ModelNamespace extends Component {
  /** The namespace's name. It resolves once the namespace exists and Istio injects sidecars there. */
  readonly namespaceName: pulumi.Output<string>;

  constructor(name: string, args: ModelNamespaceArgs & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const { settings, zones: _zones, ...summary } = args;
    super("platform:ModelNamespace", name, summary, opts);
    this.reject(validateModelNamespace(args));
    const namespace = namespaceName(args);

    const dependsOn: pulumi.Resource[] = [];
    if ("create" in args) {
      const created = new Namespace(
        this.childName("namespace"),
        {
          metadata: {
            name: namespace,
            labels: { ...podSecurityLabels(modelPodSecurity), [injection]: "enabled" },
          },
        },
        // Volume claims and whatever else people have put there outlive the platform.
        { parent: this, retainOnDelete: true },
      );
      dependsOn.push(created);
      this.namespaceName = created.metadata.name;
    } else {
      const found = Namespace.get(this.childName("namespace"), namespace, { parent: this });
      this.namespaceName = found.metadata.apply(({ name: foundName, labels }) => {
        if (labels?.[injection] === "enabled") return foundName;
        throw new ProblemError(
          "The adopted namespace does not fit",
          [
            {
              path: `Namespace ${namespace} metadata.labels`,
              reason: `"${injection}" is not "enabled", so models there would run outside the mesh.`,
              fix: `Run: kubectl label namespace ${namespace} ${injection}=enabled`,
            },
          ],
          exitCodes.unavailable,
        );
      });
    }

    customResource(
      "PeerAuthentication",
      this.childName("strict-mtls"),
      { name: "default", namespace, ...secondWave(settings) },
      { mtls: { mode: "STRICT" } },
      { parent: this, dependsOn },
    );

    this.registerOutputs({ namespaceName: this.namespaceName });
  }
}

/** The namespace that the models run in: created, or adopted where an administrator prepared it. */
export const modelNamespace = {
  title: "namespace of the models",
  componentName: "models",
  declared: "required",
  // Its PeerAuthentication needs Istio's definitions.
  after: ["istio"],
  namespaces: [],
  requirements: [],
  webhookPorts: [],
  asks: {},
  runsOn: () => true,
  problems: validateModelNamespace,
  installed: (declared: ModelNamespaceArgs): ModelNamespaceArgs => ({ create: namespaceName(declared) }),
  build: (name, args, _cluster, opts) => ({ resource: new ModelNamespace(name, args, opts), published: {} }),
} as const satisfies PlatformSystem<ModelNamespaceArgs>;
