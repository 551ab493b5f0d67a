import { describe, expect, it } from "vitest";
import { type ClusterSpec, cloudOf } from "../../../components/cluster/clouds.ts";
import { gatewayValues } from "../../../components/platform/istioGateway.ts";
import { limitPublic } from "../../../policies/ingress/limitPublic.ts";
import { atSite } from "../../../stacks/environments/clusterSpec.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { changed, judge, specifyResourcePolicy, unknown } from "../harness.ts";

const beta = "service.beta.kubernetes.io";
const scheme = `metadata.annotations["${beta}/aws-load-balancer-scheme"]`;
const azureInternal = `metadata.annotations["${beta}/azure-load-balancer-internal"]`;
const ranges = "spec.loadBalancerSourceRanges";

specifyResourcePolicy(limitPublic, {
  type: "kubernetes:core/v1:Service",
  compliant: {
    kind: "Service",
    metadata: { name: "gateway", annotations: { [`${beta}/aws-load-balancer-scheme`]: "internal" } },
    spec: {
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      ports: [
        { name: "http2", port: 80 },
        { name: "https", port: 443 },
      ],
    },
  },
  rejects: [
    {
      when: "a public one for everyone",
      change: { [scheme]: "internet-facing" },
      message: /^spec\.loadBalancerSourceRanges: .* is public.*203\.0\.113\.0\/24/,
    },
    {
      when: "one of which AWS keeps what it has been, perhaps public",
      change: { [scheme]: undefined },
      message: "nothing says that the load balancer is internal",
    },
    {
      when: "a scheme that the controller inside Kubernetes does not read",
      change: { "spec.loadBalancerClass": undefined },
      message: "nothing says that the load balancer is internal",
    },
    {
      when: "one without an annotation, which Azure, Google and Kubernetes itself make public",
      change: { "spec.loadBalancerClass": undefined, "metadata.annotations": {} },
      message: "nothing says",
    },
    {
      when: "what is internal in one cloud and public in another",
      change: { "spec.loadBalancerClass": undefined, [scheme]: "internet-facing", [azureInternal]: "true" },
      message: "is public",
    },
    {
      when: "Azure's annotation where another controller makes the load balancer",
      change: { [scheme]: undefined, [azureInternal]: "true" },
      message: "nothing says",
    },
    {
      when: "Azure's annotation in a spelling that Azure does not read",
      change: {
        "spec.loadBalancerClass": undefined,
        "metadata.annotations": { [`${beta}/azure-load-balancer-internal`]: "True" },
      },
      message: "nothing says",
    },
    {
      when: "GKE's class for public ones",
      change: { "spec.loadBalancerClass": "networking.gke.io/l4-regional-external" },
      message: "is public",
    },
    {
      when: "a class of a site",
      change: { "spec.loadBalancerClass": "metallb.io/metallb" },
      message: "nothing says",
    },
    {
      when: "ranges that are everyone",
      change: { [scheme]: "internet-facing", [ranges]: ["203.0.113.0/24", "0.0.0.0/0"] },
      message: "a large part of the internet",
    },
    {
      when: "the two halves of everyone",
      change: { [scheme]: "internet-facing", [ranges]: ["0.0.0.0/1", "128.0.0.0/1"] },
      message: "a large part of the internet",
    },
    {
      when: "everyone in an annotation beside ranges",
      change: {
        [scheme]: "internet-facing",
        [ranges]: ["203.0.113.0/24"],
        [`metadata.annotations["${beta}/azure-allowed-ip-ranges"]`]: "::/0",
      },
      message: "a large part of the internet",
    },
    {
      when: "the tag of everyone beside ranges",
      change: {
        [scheme]: "internet-facing",
        [ranges]: ["203.0.113.0/24"],
        [`metadata.annotations["${beta}/azure-allowed-service-tags"]`]: "AzureCloud,Internet",
      },
      message: "the tag Internet",
    },
    {
      when: "ranges that Azure alone reads, on what may be elsewhere",
      change: {
        [scheme]: "internet-facing",
        [`metadata.annotations["${beta}/azure-allowed-ip-ranges"]`]: "203.0.113.0/24",
      },
      message: "lets everyone in",
    },
    {
      when: "security groups, for which the ranges are not read",
      change: {
        [scheme]: "internet-facing",
        [ranges]: ["203.0.113.0/24"],
        [`metadata.annotations["${beta}/aws-load-balancer-security-groups"]`]: "sg-1",
      },
      message: "stands in security groups",
    },
    {
      when: "named addresses over plain HTTP",
      change: { [scheme]: "internet-facing", [ranges]: ["203.0.113.0/24"], "spec.ports": [{ name: "http", port: 80 }] },
      message: /^spec\.ports: none of the ports takes TLS/,
    },
    {
      when: "a patch that makes it public",
      type: "kubernetes:core/v1:ServicePatch",
      change: { [scheme]: "internet-facing", "spec.type": undefined },
      message: "is public",
    },
    {
      when: "a patch that opens its ranges",
      type: "kubernetes:core/v1:ServicePatch",
      change: { "metadata.annotations": {}, spec: { loadBalancerSourceRanges: ["0.0.0.0/0"] } },
      message: "a large part of the internet",
    },
    {
      when: "one in a list",
      type: "kubernetes:core/v1:ServiceList",
      change: {
        items: [
          { metadata: {}, spec: { type: "ClusterIP" } },
          { metadata: {}, spec: { type: "LoadBalancer" } },
        ],
      },
      message: /^items\[1\]\.spec\.loadBalancerSourceRanges: /,
    },
  ],
  accepts: [
    { when: "named addresses over HTTPS", change: { [scheme]: "internet-facing", [ranges]: ["203.0.113.0/24"] } },
    {
      when: "named addresses in the annotation of most clouds",
      change: {
        [scheme]: "internet-facing",
        [`metadata.annotations["${beta}/load-balancer-source-ranges"]`]: "203.0.113.0/24, 198.51.100.7/32",
      },
    },
    {
      when: "the addresses of a site",
      change: { "spec.loadBalancerClass": undefined, "metadata.annotations": {}, [ranges]: ["10.0.0.0/8"] },
    },
    {
      when: "TLS that the load balancer ends",
      change: {
        [scheme]: "internet-facing",
        [ranges]: ["203.0.113.0/24"],
        "spec.ports": [{ port: 8443 }],
        [`metadata.annotations["${beta}/aws-load-balancer-ssl-cert"]`]: "arn:aws:acm:x",
      },
    },
    {
      when: "a port that says that it takes TLS",
      change: {
        [scheme]: "internet-facing",
        [ranges]: ["203.0.113.0/24"],
        "spec.ports": [{ name: "https-models", port: 8443 }],
      },
    },
    {
      when: "the scheme where the type makes the controller responsible",
      change: {
        "spec.loadBalancerClass": undefined,
        [`metadata.annotations["${beta}/aws-load-balancer-type"]`]: "external",
      },
    },
    {
      when: "what Kubernetes itself reads in AWS",
      change: {
        "spec.loadBalancerClass": undefined,
        "metadata.annotations": { [`${beta}/aws-load-balancer-internal`]: "true" },
      },
    },
    {
      when: "an internal one in Azure",
      change: {
        "spec.loadBalancerClass": undefined,
        "metadata.annotations": { [`${beta}/azure-load-balancer-internal`]: "true" },
      },
    },
    {
      when: "an internal one in Google Cloud",
      change: {
        "spec.loadBalancerClass": undefined,
        "metadata.annotations": { "networking.gke.io/load-balancer-type": "Internal" },
      },
    },
    {
      when: "GKE's class for internal ones",
      change: { "spec.loadBalancerClass": "networking.gke.io/l4-regional-internal", "metadata.annotations": {} },
    },
    {
      when: "a Service inside the cluster, whatever its annotations say",
      change: { "spec.type": "ClusterIP", [scheme]: "internet-facing" },
    },
    { when: "a Service without a type", change: { "spec.type": undefined, [scheme]: "internet-facing" } },
    { when: "a patch of something else", type: "kubernetes:core/v1:ServicePatch", change: { spec: {}, metadata: {} } },
  ],
  unknowns: [
    { change: { "spec.type": unknown }, path: "spec.type" },
    { change: { [scheme]: unknown }, path: "aws-load-balancer-scheme" },
    {
      change: { [scheme]: "internet-facing", [ranges]: ["203.0.113.0/24", unknown] },
      path: "spec.loadBalancerSourceRanges",
    },
    { change: { [scheme]: "internet-facing", [ranges]: unknown }, path: "spec.loadBalancerSourceRanges" },
  ],
});

it("reports ranges that are open although another one is unknown", async () => {
  const props = {
    metadata: {},
    spec: { type: "LoadBalancer", ports: [{ port: 443 }], loadBalancerSourceRanges: [unknown, "0.0.0.0/0"] },
  };
  const { violations } = await judge(limitPublic, "kubernetes:core/v1:Service", props);
  expect(violations).toEqual([expect.stringContaining("0.0.0.0/0 lets in")]);
});

describe("a load balancer that a chart's values make", () => {
  const judged = (props: Record<string, unknown>, type = "kubernetes:helm.sh/v4:Chart") =>
    judge(limitPublic, type, props);
  const internal = { annotations: { [`${beta}/azure-load-balancer-internal`]: "true" } };

  it.each<[string, Record<string, unknown>]>([
    ["Istio's gateway, internal", { chart: "gateway", values: { service: internal } }],
    ["Istio's gateway, internal by the annotations of all its objects", { chart: "gateway", values: internal }],
    ["Istio's gateway at a node's port", { chart: "gateway", values: { service: { type: "NodePort" } } }],
    [
      "Istio's gateway for named addresses",
      { chart: "gateway", values: { service: { loadBalancerSourceRanges: ["203.0.113.0/24"] } } },
    ],
    ["an nginx, internal", { chart: "ingress-nginx", values: { controller: { service: internal } } }],
    [
      "a Traefik for named addresses",
      {
        chart: "traefik",
        values: { service: { spec: { type: "LoadBalancer", loadBalancerSourceRanges: ["203.0.113.0/24"] } } },
      },
    ],
    ["a chart without one", { chart: "argo-rollouts", values: { controller: { metrics: { enabled: true } } } }],
    ["a chart with values of that name elsewhere", { chart: "exporter", values: { alert: { type: "Deployment" } } }],
    ["a chart where something else is unknown", { chart: "exporter", values: { token: unknown } }],
  ])("accepts %s", async (_, props) => {
    expect(await judged(props)).toEqual({ violations: [] });
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      "Istio's gateway as its chart has it",
      { chart: "gateway", values: {} },
      "values.service.loadBalancerSourceRanges: nothing says",
    ],
    [
      "the same from a mirror, without values",
      { chart: "oci://mirror.example.com/charts/gateway" },
      "values.service.loadBalancerSourceRanges",
    ],
    [
      "the same over plain HTTP",
      {
        chart: "gateway",
        values: { service: { loadBalancerSourceRanges: ["203.0.113.0/24"], ports: [{ port: 80 }] } },
      },
      "values.service.ports: none of the ports",
    ],
    [
      "an nginx as its chart has it",
      { chart: "ingress-nginx", values: {} },
      "values.controller.service.loadBalancerSourceRanges",
    ],
    [
      "Grafana for everyone",
      { chart: "grafana", values: { service: { type: "LoadBalancer" } } },
      "values.service.loadBalancerSourceRanges: nothing says",
    ],
    [
      "one deep in the values",
      {
        chart: "kube-prometheus-stack",
        values: {
          prometheus: { service: { type: "LoadBalancer", loadBalancerSourceRanges: ["0.0.0.0/1", "128.0.0.0/1"] } },
        },
      },
      "values.prometheus.service.loadBalancerSourceRanges: 0.0.0.0/1",
    ],
    [
      "one of another spelling",
      { chart: "own", values: { web: { serviceType: "LoadBalancer" } } },
      "values.web.loadBalancerSourceRanges",
    ],
    [
      "a whole manifest",
      { chart: "own", values: { extraObjects: [{ kind: "Service", spec: { type: "LoadBalancer" } }] } },
      "values.extraObjects[0].spec.loadBalancerSourceRanges",
    ],
  ])("rejects %s, with one violation", async (_, props, message) => {
    expect(await judged(props)).toEqual({ violations: [expect.stringContaining(message)] });
  });

  it("judges a Release, too", async () => {
    const { violations } = await judged({ chart: "gateway", values: {} }, "kubernetes:helm.sh/v3:Release");
    expect(violations).toHaveLength(1);
  });

  it.each<[string, Record<string, unknown>]>([
    ["service", { chart: "gateway", values: { service: unknown } }],
    ["type", { chart: "grafana", values: { service: { type: unknown } } }],
    ["values", { chart: "gateway", values: unknown }],
  ])("is undetermined where %s is unknown", async (path, props) => {
    const verdict = await judged(props);
    expect(verdict.violations).toEqual([]);
    expect(verdict.undetermined).toContain(path);
  });

  it("reports one although another is unknown", async () => {
    const values = { web: { service: { type: unknown } }, api: { service: { type: "LoadBalancer" } } };
    const { violations, undetermined } = await judged({ chart: "own", values });
    expect(violations).toEqual([expect.stringContaining("values.api.service")]);
    expect(undetermined).toContain("type");
  });
});

describe("the gateway of a cluster", () => {
  const clusters = Object.entries(prod.clusters as Readonly<Record<string, ClusterSpec>>);
  const judged = (spec: ClusterSpec) => {
    const cloud = cloudOf(spec);
    const values = gatewayValues(atSite(spec), cloud.loadBalancer(spec), { kind: "privateCa" });
    return judge(limitPublic, "kubernetes:helm.sh/v4:Chart", { chart: "gateway", values });
  };
  const ofClouds = clusters.filter(([, { cloud }]) => cloud !== "onPrem");
  const open = (spec: ClusterSpec, sourceRanges: readonly string[]) =>
    judged({ ...spec, ingress: { kind: "public", sourceRanges } } as ClusterSpec);

  it.each(clusters)("is accepted as prod declares it, on %s", async (_, spec) => {
    expect(await judged(spec)).toEqual({ violations: [] });
  });

  it.each(ofClouds)("is accepted where it is public for named addresses, on %s", async (_, spec) => {
    expect(await open(spec, ["203.0.113.0/24"])).toEqual({ violations: [] });
  });

  it.each(ofClouds)("is rejected where it is public for everyone, on %s", async (_, spec) => {
    expect((await open(spec, ["0.0.0.0/0"])).violations).toHaveLength(1);
  });

  it("is rejected at a site that names nobody", async () => {
    const site: ClusterSpec = prod.clusters["dc-fra"];
    expect((await judged({ ...site, settings: {} } as ClusterSpec)).violations).toHaveLength(1);
  });
});

describe("a Gateway of the Kubernetes Gateway API", () => {
  const gateway = {
    metadata: { name: "models", annotations: {} },
    spec: {
      gatewayClassName: "istio",
      infrastructure: { annotations: { "networking.gke.io/load-balancer-type": "Internal" } },
    },
  };
  const judged = (change: Record<string, unknown>) =>
    judge(limitPublic, "kubernetes:gateway.networking.k8s.io/v1:Gateway", changed(gateway, change));

  it.each<[string, Record<string, unknown>]>([
    ["whose Service is internal", {}],
    ["of GKE's internal class", { spec: { gatewayClassName: "gke-l7-rilb" } }],
    [
      "whose annotations Istio hands on",
      { "spec.infrastructure": undefined, 'metadata.annotations["networking.gke.io/load-balancer-type"]': "Internal" },
    ],
    [
      "that has a Service inside the cluster",
      { "spec.infrastructure": undefined, 'metadata.annotations["networking.istio.io/service-type"]': "ClusterIP" },
    ],
    [
      "on a Service that is there",
      { "spec.infrastructure": undefined, "spec.addresses": [{ type: "Hostname", value: "a.b.svc" }] },
    ],
    [
      "whose Service lets in named addresses",
      { "spec.infrastructure.annotations": { [`${beta}/load-balancer-source-ranges`]: "203.0.113.0/24" } },
    ],
  ])("is accepted %s", async (_, change) => {
    expect(await judged(change)).toEqual({ violations: [] });
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      "of which nothing says that it is internal",
      { "spec.infrastructure": undefined },
      "spec.infrastructure.annotations: nothing says",
    ],
    [
      "whose own annotations nobody hands on",
      {
        "spec.infrastructure.annotations": {},
        'metadata.annotations["networking.gke.io/load-balancer-type"]': "Internal",
      },
      "nothing says",
    ],
    [
      "of GKE's public class",
      { "spec.gatewayClassName": "gke-l7-global-external-managed" },
      "spec.gatewayClassName: gke-l7-global-external-managed makes a public",
    ],
  ])("is rejected %s", async (_, change, message) => {
    expect((await judged(change)).violations).toEqual([expect.stringContaining(message)]);
  });

  it("is undetermined where its class is unknown", async () => {
    expect((await judged({ "spec.gatewayClassName": unknown })).undetermined).toContain("gatewayClassName");
  });
});

describe("an Ingress", () => {
  const judged = (spec: object, annotations: Record<string, unknown> = {}) =>
    judge(limitPublic, "kubernetes:networking.k8s.io/v1:Ingress", { metadata: { annotations }, spec });
  const alb = "alb.ingress.kubernetes.io";

  it.each<[string, object, Record<string, unknown>?]>([
    ["of a controller with a Service of its own", { ingressClassName: "nginx" }],
    ["of AWS, internal where nothing is said", { ingressClassName: "alb" }],
    [
      "of AWS for named addresses",
      { ingressClassName: "alb" },
      { [`${alb}/scheme`]: "internet-facing", [`${alb}/inbound-cidrs`]: "203.0.113.0/24" },
    ],
    ["of GKE, internal", {}, { "kubernetes.io/ingress.class": "gce-internal" }],
    [
      "of Azure, internal",
      { ingressClassName: "azure-application-gateway" },
      { "appgw.ingress.kubernetes.io/use-private-ip": "true" },
    ],
  ])("is accepted %s", async (_, spec, annotations) => {
    expect(await judged(spec, annotations)).toEqual({ violations: [] });
  });

  it.each<[string, object, Record<string, unknown>, string]>([
    ["of AWS for everyone", { ingressClassName: "alb" }, { [`${alb}/scheme`]: "internet-facing" }, "lets everyone in"],
    [
      "of AWS for two halves of everyone",
      {},
      { [`${alb}/scheme`]: "internet-facing", [`${alb}/inbound-cidrs`]: "0.0.0.0/1,128.0.0.0/1" },
      "large part",
    ],
    [
      "of AWS whose blocks are not read",
      {},
      {
        [`${alb}/scheme`]: "internet-facing",
        [`${alb}/inbound-cidrs`]: "203.0.113.0/24",
        [`${alb}/security-groups`]: "sg-1",
      },
      "security groups",
    ],
    ["of GKE", {}, { "kubernetes.io/ingress.class": "gce" }, "GKE makes a public load balancer"],
    ["of GKE, which names no class", {}, {}, "it names no class"],
    ["of Azure", { ingressClassName: "azure-application-gateway" }, {}, "a public address"],
  ])("is rejected %s", async (_, spec, annotations, message) => {
    expect((await judged(spec, annotations)).violations).toEqual([expect.stringContaining(message)]);
  });

  it("is rejected by its class in AWS", async () => {
    const type = "kubernetes:elbv2.k8s.aws/v1beta1:IngressClassParams";
    expect((await judge(limitPublic, type, { spec: { scheme: "internet-facing" } })).violations).toHaveLength(1);
    expect(
      await judge(limitPublic, type, { spec: { scheme: "internet-facing", inboundCIDRs: ["203.0.113.0/24"] } }),
    ).toEqual({ violations: [] });
  });

  it("is undetermined where its class is unknown", async () => {
    expect((await judged({ ingressClassName: unknown })).undetermined).toContain("ingressClassName");
  });
});
