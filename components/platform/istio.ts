import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import type { LoadBalancer } from "../cluster/ingress.ts";
import { isLabelKey, isLabelValue } from "../cluster/labels.ts";
import type { AtSite, SiteSettings } from "../cluster/onPrem/siteSettings.ts";
import { charts } from "../core/charts.ts";
import { Component } from "../core/component.ts";
import { customResource } from "../core/customResource.ts";
import { isHostName, isPort } from "../core/names.ts";
import { type Problem, under } from "../core/problem.ts";
import { mirrorOf } from "../core/registryMirror.ts";
import { upstreamClusterLabel } from "../model/analysis/counters.ts";
import { adopt, adoptionProblems, type Recorded, type Requirement, recorded, recordedProblems } from "./adopted.ts";
import { replicasAt, spread } from "./availability.ts";
import { type Certificate, certificateObjects, certificateProblems, secretOf } from "./certificate.ts";
import { gatewayAddress, gatewayLabels, gatewayNamespace, gatewayService, gatewayValues } from "./istioGateway.ts";
import type { PlatformSystem } from "./platformSystem.ts";
import { secondWave } from "./secondWave.ts";
import { type Install, systemChart, systemNamespace } from "./systemChart.ts";

/** Istio with an ingress gateway: installed from its charts, or adopted where it runs already. */
export type IstioArgs = ({ readonly install: Install } | { readonly adopt: { readonly gateway: AdoptedGateway } }) & {
  /**
   * The certificate of the models' gateway. With it, models answer over HTTPS (TLS 1.2 or later), and HTTP is answered
   * with a redirect to it. Changing it changes the gateway in place.
   * @default none: models answer over plain HTTP, which only an internal ingress may do
   */
  readonly certificate?: Certificate;
};

/** An ingress gateway that runs already. */
export interface AdoptedGateway {
  /** Labels of the gateway's pods. @default `istio: ingressgateway`, the label of Istio's own gateway chart */
  readonly selector?: Readonly<Record<string, string>>;
  /**
   * The port that the gateway's pods listen on: for HTTPS where a certificate is declared, else for HTTP. Changing it
   * changes the models' Gateway in place.
   */
  readonly port: Recorded;
  /** The IP address that they listen on. @default every address */
  readonly bind?: Recorded;
  /** `host:port` where clients reach it. */
  readonly address: Recorded;
}

/** What Istio is installed with, beside what an environment declares. */
export interface IstioCluster {
  /** Annotations of the configuration of istiod's mutating webhook, as `CloudAdapter` has them. @default none */
  readonly webhookAnnotations?: Readonly<Record<string, string>>;
  /** Models are reached at `<model>.<domain>`. A certificate is for `*.<domain>`. Required with a certificate. */
  readonly domain?: string;
  /** How the gateway's Service becomes a load balancer of the cloud. @default as the site's settings say */
  readonly loadBalancer?: LoadBalancer;
}

/** The Gateway of all models, as a VirtualService refers to it: `<namespace>/<name>`. */
export const modelGateway = "istio-system/models";

/**
 * The pods behind the models' Gateway, by their labels, and Istio's root namespace, from which an EnvoyFilter reaches
 * them wherever they are.
 */
export function gatewayProxies(args: IstioArgs): { namespace: string; selector: Readonly<Record<string, string>> } {
  const selector = "adopt" in args ? args.adopt.gateway.selector : undefined;
  return { namespace: rootNamespace, selector: selector ?? gatewayLabels };
}

// Every pod drops all capabilities, runs as another user than root, and has a seccomp profile.
const root = { name: "istio-system", podSecurity: "restricted" } as const;
const rootNamespace = root.name;

/** `delegate` lets the entry VirtualService and the release VirtualService be two objects with two owners. */
const requirements: readonly Requirement[] = [
  { crd: "virtualservices.networking.istio.io", version: "v1", since: "Istio 1.22", fields: ["spec.http.delegate"] },
  {
    crd: "destinationrules.networking.istio.io",
    version: "v1",
    since: "Istio 1.25",
    fields: ["spec.trafficPolicy.loadBalancer.warmup"],
  },
  {
    crd: "envoyfilters.networking.istio.io",
    version: "v1alpha3",
    since: "Istio 1.26",
    fields: ["spec.configPatches.match.routeConfiguration.vhost.domainName"],
  },
  { crd: "requestauthentications.security.istio.io", version: "v1", since: "Istio 1.22" },
  { crd: "authorizationpolicies.security.istio.io", version: "v1", since: "Istio 1.22" },
  { crd: "gateways.networking.istio.io", version: "v1", since: "Istio 1.22", fields: ["spec.servers.bind"] },
  { crd: "peerauthentications.security.istio.io", version: "v1", since: "Istio 1.22" },
];

/** Everything wrong with the arguments, by the path below `platform.istio`. */
export function validateIstio(args: IstioArgs & AtSite): Problem[] {
  const { certificate } = args;
  return [
    ...("adopt" in args ? under("adopt.gateway", gatewayProblems(args.adopt.gateway)) : []),
    ...adoptionProblems(args, "install: {}"),
    ...(certificate === undefined ? [] : under("certificate", certificateProblems(certificate, "adopt" in args))),
  ];
}

/** The scheme of the models' addresses at the gateway. */
export function gatewayScheme({ certificate }: Pick<IstioArgs, "certificate">): "http" | "https" {
  return certificate === undefined ? "http" : "https";
}

/** A host name, an IPv4 address or, in brackets, an IPv6 address, then the port. */
function isHostAndPort(value: string): boolean {
  const [, v6, host, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(value) ?? [];
  return isPort(port ?? "") && (v6 === undefined ? isHostName(host ?? "") : isIP(v6) === 6);
}

function gatewayProblems({ selector, port, bind, address }: AdoptedGateway): Problem[] {
  return [
    ...(selector === undefined ? [] : selectorProblems(selector)),
    ...recordedProblems("port", port, { what: "a port from 1 to 65535", example: "8080", isRight: isPort }),
    ...(bind === undefined
      ? []
      : recordedProblems("bind", bind, {
          what: "an IP address",
          example: "10.0.0.7",
          isRight: (value) => isIP(value) !== 0,
        })),
    ...recordedProblems("address", address, {
      what: "host:port",
      example: "gateway.example.com:80",
      isRight: isHostAndPort,
    }),
  ];
}

function selectorProblems(selector: NonNullable<AdoptedGateway["selector"]>): Problem[] {
  const path = "selector";
  if (Object.keys(selector).length === 0) {
    return [{ path, reason: "it is empty, so it selects every pod.", fix: "Name a label of the gateway's pods." }];
  }
  return Object.entries(selector)
    .filter(([key, value]) => !isLabelKey(key) || !isLabelValue(value))
    .map(([key, value]) => ({
      path: `${path}["${key}"]`,
      reason: `"${key}=${value}" is not a Kubernetes label.`,
      fix: "Write a label as kubectl get pods --show-labels prints it.",
    }));
}

/**
 * Istio on one cluster, and the Gateway of all models. Installed: base, istiod and an ingress gateway from their
 * charts, with strict mutual TLS in the mesh. Adopted: its definitions are read, and the update fails where they lack
 * what the program writes.
 */
export class Istio extends Component {
  /** `host:port` of the gateway, as clients reach it. */
  readonly gatewayAddress: pulumi.Output<string>;

  constructor(name: string, args: IstioArgs & IstioCluster & AtSite, opts?: pulumi.ComponentResourceOptions) {
    const mode = "install" in args ? "install" : "adopt";
    super("platform:Istio", name, { mode }, opts);
    this.reject(validateIstio(args));

    const { certificate } = args;
    const tls = certificate === undefined ? undefined : secretOf(certificate);
    if ("install" in args) {
      const ready = this.#install(args.install, args);
      this.gatewayAddress = ready.address;
      const certified = certificate === undefined ? [] : this.#certificate(certificate, args, ready.namespace);
      this.#gateway({ selector: gatewayLabels, http: 80, https: 443, tls }, args.settings, [
        ...ready.dependsOn,
        ...certified,
      ]);
    } else {
      const { gateway } = args.adopt;
      const adopted = adopt(this.childName("crd"), "Istio", requirements, { parent: this });
      this.gatewayAddress = recorded(this.childName("gateway-address"), gateway.address, { parent: this });
      this.#gateway(
        {
          selector: gateway.selector ?? gatewayLabels,
          [gatewayScheme(args)]: pulumi
            .all([recorded(this.childName("gateway-port"), gateway.port, { parent: this }), adopted])
            .apply(([port]) => Number(port)),
          tls,
          ...(gateway.bind === undefined
            ? {}
            : { bind: recorded(this.childName("gateway-bind"), gateway.bind, { parent: this }) }),
        },
        undefined,
        [],
      );
    }

    this.registerOutputs({ gatewayAddress: this.gatewayAddress });
  }

  #install(
    install: Install,
    {
      webhookAnnotations = {},
      loadBalancer,
      certificate,
      ...at
    }: IstioCluster & AtSite & Pick<IstioArgs, "certificate">,
  ): { address: pulumi.Output<string>; dependsOn: pulumi.Resource[]; namespace: pulumi.Resource } {
    const { settings } = at;
    const namespace = systemNamespace(this.childName("namespace"), root, {}, { parent: this });
    const ingressNamespace = systemNamespace(
      this.childName("ingress-namespace"),
      gatewayNamespace,
      { "istio-injection": "enabled", ...loadBalancer?.namespaceLabels },
      { parent: this },
    );
    const base = systemChart(
      this.childName("base"),
      charts.istioBase,
      { release: "istio-base", namespace: rootNamespace, install, settings, values: baseValues() },
      { parent: this, dependsOn: namespace },
    );
    const istiod = systemChart(
      this.childName("istiod"),
      charts.istiod,
      {
        release: "istiod",
        namespace: rootNamespace,
        install,
        settings,
        values: istiodValues(at, webhookAnnotations),
      },
      { parent: this, dependsOn: base },
    );
    const gateway = systemChart(
      this.childName("ingressgateway"),
      charts.istioGateway,
      {
        release: gatewayService.name,
        namespace: gatewayService.namespace,
        install,
        settings,
        values: gatewayValues(at, loadBalancer, certificate),
      },
      { parent: this, dependsOn: [istiod, ingressNamespace] },
    );
    customResource(
      "PeerAuthentication",
      this.childName("strict-mtls"),
      { name: "default", namespace: rootNamespace, ...secondWave(settings) },
      { mtls: { mode: "STRICT" } },
      // istiod answers the webhook that validates it, and has put its certificate there by the time a gateway is ready.
      { parent: this, dependsOn: [istiod, gateway] },
    );
    // Which version a request was for: the metrics name the pod's labels, and there is no pod where none answered.
    customResource(
      "Telemetry",
      this.childName("gateway-metrics"),
      { name: "models", namespace: gatewayService.namespace, ...secondWave(settings) },
      gatewayTelemetry,
      { parent: this, dependsOn: [istiod, gateway] },
    );
    const port = certificate === undefined ? 80 : 443;
    return {
      address: gatewayAddress(settings?.ingress, gateway, port),
      dependsOn: [istiod, gateway],
      namespace: ingressNamespace,
    };
  }

  #certificate(
    certificate: Certificate,
    { domain, settings }: IstioCluster & AtSite,
    namespace: pulumi.Resource,
  ): pulumi.Resource[] {
    if (domain === undefined) {
      this.reject([
        {
          path: "domain",
          reason: "it is missing, and the certificate is for its names.",
          fix: 'Write, for example, "models.example.com".',
        },
      ]);
      return [];
    }
    const at = { namespace: gatewayService.namespace, domain, ...secondWave(settings) };
    return certificateObjects(this.childName("tls"), certificate, at, { parent: this, dependsOn: namespace });
  }

  /** One port without a certificate; with one, HTTPS, and a redirect from HTTP where its port is known. */
  #gateway(at: GatewayPorts, settings: SiteSettings | undefined, dependsOn: pulumi.Resource[]): void {
    const { selector, http, https, tls, bind } = at;
    const server = (port: pulumi.Input<number>, name: "http" | "https", more: object) => ({
      port: { number: port, name, protocol: name.toUpperCase() },
      hosts: ["*"],
      ...more,
      ...(bind === undefined ? {} : { bind }),
    });
    const servers =
      tls === undefined
        ? [server(http ?? 80, "http", {})]
        : [
            ...(http === undefined ? [] : [server(http, "http", { tls: { httpsRedirect: true } })]),
            server(https ?? 443, "https", {
              tls: { mode: "SIMPLE", credentialName: tls, minProtocolVersion: "TLSV1_2" },
            }),
          ];
    customResource(
      "Gateway",
      this.childName("gateway"),
      { name: "models", namespace: rootNamespace, ...secondWave(settings) },
      { selector, servers },
      { parent: this, dependsOn },
    );
  }
}

/** A label of the gateway's requests: which subset of which Service they were for. */
export const gatewayTelemetry = {
  selector: { matchLabels: gatewayLabels },
  metrics: [
    {
      overrides: [
        {
          match: { metric: "REQUEST_COUNT", mode: "CLIENT" },
          tagOverrides: { [upstreamClusterLabel]: { value: "xds.cluster_name" } },
        },
      ],
    },
  ],
} as const;

/** Where the gateway listens. */
interface GatewayPorts {
  readonly selector: Readonly<Record<string, string>>;
  readonly http?: pulumi.Input<number>;
  readonly https?: pulumi.Input<number>;
  /** The Secret with the certificate. Undefined: plain HTTP. */
  readonly tls: string | undefined;
  readonly bind?: pulumi.Input<string>;
}

/**
 * `validationFailurePolicy: Fail` of both charts is what istiod sets by itself once it is ready. Any other value would
 * be taken back by each upgrade of the chart, and refused, since istiod has become the field's owner
 * (https://github.com/istio/istio/issues/44285).
 */
const validation = { validationFailurePolicy: "Fail" } as const;

/** The values of the chart of Istio's definitions and of the webhook that validates what has no revision. */
export function baseValues(): Record<string, unknown> {
  return { defaultRevision: "default", base: validation };
}

/**
 * The values of istiod's chart.
 *
 * - `hub` is the registry of istiod's image and, through its injector, of the gateway's and the sidecars'. It is Docker
 *   Hub, since the registry that the 1.30 charts name closes in December 2026 (istio/istio.io, "An update on our move
 *   to AWS").
 * - `enablePrometheusMerge: false`: a PodMonitor scrapes sidecar and model as two endpoints, and merged metrics would
 *   count each request twice.
 * - Where no istiod answers, no pod with a sidecar starts. So there are two, which the chart then gives a
 *   PodDisruptionBudget.
 */
export function istiodValues(
  { settings, zones }: AtSite,
  webhookAnnotations: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const images = mirrorOf(settings?.registryMirror, "docker.io") ?? "docker.io";
  return {
    global: { hub: `${images}/istio` },
    meshConfig: { enablePrometheusMerge: false, enableAutoMtls: true },
    base: validation,
    autoscaleMin: replicasAt(settings),
    pdb: { unhealthyPodEvictionPolicy: "AlwaysAllow" },
    topologySpreadConstraints: spread({ istio: "pilot" }, zones),
    // The level `restricted` asks for it.
    seccompProfile: { type: "RuntimeDefault" },
    sidecarInjectorWebhookAnnotations: webhookAnnotations,
  };
}

const versionSource = "istio/istio.io `data/compatibility/supportStatus.yml`";

/** Istio with an ingress gateway: installed, or adopted where it runs already. */
export const istio = {
  title: "Istio",
  componentName: "istio",
  declared: "required",
  after: ["certManager", "awsLoadBalancerController"],
  namespaces: [root, gatewayNamespace],
  requirements,
  // Red Hat's Istio has the profile `openshift` and a CNI plugin, since pods there may not change their network.
  onOpenShift: "OpenShift Service Mesh 3",
  // Of istiod, for injection and validation.
  webhookPorts: [15017],
  asks: { loadBalancer: true },
  upgrade: {
    to: charts.istiod.version,
    deployment: { namespace: rootNamespace, name: "istiod" },
    lines: "every minor version",
    twoAtOnce: "unsupported",
    source: 'Istio documentation, "In-place Upgrades", prerequisites',
  },
  versions: {
    title: "Istio",
    verb: "supports",
    installed: charts.istiod.version,
    releases: [
      {
        version: "1.28",
        kubernetes: { min: "1.30", max: "1.34" },
        endOfLife: "2026-07-01",
        source: versionSource,
      },
      { version: "1.29", kubernetes: { min: "1.31", max: "1.35" }, released: "2026-02-16", source: versionSource },
      { version: "1.30", kubernetes: { min: "1.32", max: "1.36" }, released: "2026-05-14", source: versionSource },
      { version: "1.31", kubernetes: { min: "1.32", max: "1.37" }, released: "2026-08-27", source: versionSource },
    ],
  },
  runsOn: () => true,
  problems: validateIstio,
  installed: ({ certificate }: IstioArgs): IstioArgs => ({
    install: {},
    ...(certificate === undefined ? {} : { certificate }),
  }),
  build(name, args, { cloud, spec, domain }, opts) {
    const { webhookAnnotations = {} } = cloud;
    const loadBalancer = cloud.loadBalancer(spec);
    const of = { webhookAnnotations, domain, ...(loadBalancer === undefined ? {} : { loadBalancer }) };
    const built = new Istio(name, { ...args, ...of }, opts);
    return { resource: built, published: { gatewayAddress: built.gatewayAddress } };
  },
} as const satisfies PlatformSystem<IstioArgs, { readonly gatewayAddress: pulumi.Output<string> }>;
