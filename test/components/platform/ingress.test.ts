import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { type ClusterSpec, clouds } from "../../../components/cluster/clouds.ts";
import { aws } from "../../../components/cluster/eks/awsAdapter.ts";
import type { CloudIngress } from "../../../components/cluster/ingress.ts";
import type { SiteIngress } from "../../../components/cluster/onPrem/siteSettings.ts";
import { awsLoadBalancerControllerValues } from "../../../components/platform/awsLoadBalancerController.ts";
import type { Certificate, Dns01 } from "../../../components/platform/certificate.ts";
import { certManager, certManagerValues } from "../../../components/platform/certManager.ts";
import { Istio, type IstioArgs, validateIstio } from "../../../components/platform/istio.ts";
import { gatewayValues } from "../../../components/platform/istioGateway.ts";
import { inOrder, systemCluster } from "../../../components/platform/systems.ts";
import type { RecordedResource } from "../../../engine/recordedResource.ts";
import { shown } from "../../../plan/shownValues.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { inputsOf, recorded } from "../cluster/harness.ts";

/** The gateway's Service on a cluster of prod, as the chart is told to make it. */
function serviceOn(cluster: "aws-use1" | "azure-weu" | "gcp-euw4", ingress?: CloudIngress, certificate?: Certificate) {
  const spec = { ...prod.clusters[cluster], ...(ingress === undefined ? {} : { ingress }) } as ClusterSpec;
  const balancer = clouds[spec.cloud]?.loadBalancer(spec);
  return (gatewayValues({}, balancer, certificate) as { service: Record<string, unknown> }).service;
}

const open = { kind: "public", sourceRanges: ["203.0.113.0/24"] } as const;

describe("the load balancer of the gateway", () => {
  it("is internal where nothing is declared, on every cloud", () => {
    expect(serviceOn("aws-use1")).toMatchObject({
      loadBalancerClass: "service.k8s.aws/nlb",
      annotations: {
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
      },
    });
    expect(serviceOn("azure-weu")).toMatchObject({
      annotations: { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" },
    });
    expect(serviceOn("gcp-euw4")).toMatchObject({
      annotations: { "networking.gke.io/load-balancer-type": "Internal" },
    });
  });

  it.each(["aws-use1", "azure-weu", "gcp-euw4"] as const)(
    "lets in the declared addresses alone when public, on %s",
    (name) => {
      const service = serviceOn(name, open);
      expect(service.loadBalancerSourceRanges).toEqual(["203.0.113.0/24"]);
      expect(JSON.stringify(service.annotations)).not.toMatch(/internal/i);
    },
  );

  it("lets in the declared addresses alone at a site", () => {
    const service = (ingress: SiteIngress) => gatewayValues({ settings: { ingress } }).service;
    expect(service({ kind: "loadBalancer", sourceRanges: ["10.0.0.0/8"] })).toEqual({
      loadBalancerSourceRanges: ["10.0.0.0/8"],
    });
    expect(service({ kind: "loadBalancer" })).toBeUndefined();
  });

  it("shows ports that answer alone: 15021 is the probe's, and 443 needs a certificate", () => {
    const ports = (certificate?: Certificate) =>
      (serviceOn("aws-use1", undefined, certificate).ports as { port: number }[]).map(({ port }) => port);
    expect(ports()).toEqual([80]);
    expect(ports({ kind: "privateCa" })).toEqual([80, 443]);
  });

  it("on EKS asks the pod's own probe, since ports for requests answer only when there is a Gateway and a certificate", () => {
    // With the readiness gate, a first up would wait for a port that opens after it.
    expect(serviceOn("aws-use1").annotations).toMatchObject({
      "service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol": "HTTP",
      "service.beta.kubernetes.io/aws-load-balancer-healthcheck-port": "15021",
      "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path": "/healthz/ready",
    });
  });

  it("on EKS takes over a new pod before an old one goes, and two minutes pass until it forgets one (LBC #1858, #2366)", async () => {
    const spec = prod.clusters["aws-use1"];
    const balancer = aws.loadBalancer(spec);
    const values = gatewayValues({}, balancer) as {
      lifecycle: { preStop: { sleep: { seconds: number } } };
      terminationGracePeriodSeconds: number;
    };
    expect(values.lifecycle.preStop.sleep.seconds).toBeGreaterThanOrEqual(120);
    // Envoy's own drain follows, of 5 seconds.
    expect(values.terminationGracePeriodSeconds).toBeGreaterThan(values.lifecycle.preStop.sleep.seconds + 5);
    const made = await recorded(() => {
      new Istio("istio", { install: {}, ...(balancer === undefined ? {} : { loadBalancer: balancer }) });
      return {};
    });
    expect(inputsOf(made, "kubernetes:core/v1:Namespace", "ingress-namespace").metadata).toMatchObject({
      labels: { "istio-injection": "enabled", "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" },
    });
  });

  it("hands the address of the client on, by which the rate limit counts, on every cloud", () => {
    expect(serviceOn("aws-use1").annotations).toMatchObject({
      "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "preserve_client_ip.enabled=true",
    });
    expect(serviceOn("azure-weu")).toMatchObject({ externalTrafficPolicy: "Local" });
    expect(serviceOn("gcp-euw4")).toMatchObject({ externalTrafficPolicy: "Local" });
  });

  it.each(["azure-weu", "gcp-euw4"] as const)(
    "finds the pod that has left its Service at work until it has seen its node without one, on %s",
    (name) => {
      const spec = prod.clusters[name] as ClusterSpec;
      const values = gatewayValues({}, clouds[spec.cloud]?.loadBalancer(spec)) as {
        lifecycle: { preStop: { sleep: { seconds: number } } };
        terminationGracePeriodSeconds: number;
      };
      // Three probes, eight seconds apart, are the most (GKE).
      expect(values.lifecycle.preStop.sleep.seconds).toBeGreaterThan(24);
      expect(values.terminationGracePeriodSeconds).toBeGreaterThan(values.lifecycle.preStop.sleep.seconds + 5);
    },
  );
});

/** What the Istio component makes, by kind and name. */
async function objects(args: IstioArgs, domain?: string): Promise<Map<string, Record<string, unknown>>> {
  const run = await recorded(() => {
    new Istio("istio", { ...args, ...(domain === undefined ? {} : { domain }) });
    return {};
  });
  const named = (resource: RecordedResource) => {
    const { kind, metadata, spec } = shown(resource.props) as {
      kind?: string;
      metadata?: { name: string };
      spec?: Record<string, unknown>;
    };
    return [`${kind}/${metadata?.name}`, { ...spec, dependencies: resource.dependencies }] as const;
  };
  return new Map(run.resources.filter(({ custom }) => custom).map(named));
}

/** A zone of Azure DNS that can be. */
const azureDNS = {
  subscriptionID: "6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a01",
  resourceGroupName: "dns",
  hostedZoneName: "example.com",
  managedIdentity: { clientID: "6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a02" },
};

describe("a gateway with a certificate", () => {
  const install = {};

  it("answers over TLS 1.2 or later, and sends plain HTTP there", async () => {
    const made = await objects({ install, certificate: { kind: "secret", name: "own" } }, "models.example.com");
    expect(made.get("Gateway/models")?.servers).toEqual([
      { port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"], tls: { httpsRedirect: true } },
      {
        port: { number: 443, name: "https", protocol: "HTTPS" },
        hosts: ["*"],
        tls: { mode: "SIMPLE", credentialName: "own", minProtocolVersion: "TLSV1_2" },
      },
    ]);
    expect([...made.keys()].filter((name) => /^(Issuer|Certificate)/.test(name))).toEqual([]);
  });

  it("has it signed for every model's host by an authority of the cluster", async () => {
    const made = await objects({ install, certificate: { kind: "privateCa" } }, "models.example.com");
    expect(made.get("Certificate/models")).toMatchObject({
      secretName: "models-tls",
      dnsNames: ["*.models.example.com"],
      issuerRef: { name: "models", kind: "Issuer" },
    });
    expect(made.get("Issuer/models")).toMatchObject({ ca: { secretName: "models-ca" } });
    expect(made.get("Certificate/models-ca")).toMatchObject({
      isCA: true,
      issuerRef: { name: "models-self-signed", kind: "Issuer" },
    });
  });

  it("has it signed by an ACME server, by a ClusterIssuer: an Issuer may not use the credentials of cert-manager's pods", async () => {
    const certificate = {
      kind: "acme",
      email: "ops@example.com",
      dns01: { route53: { region: "us-east-1" } },
    } as const;
    const made = await objects({ install, certificate }, "models.example.com");
    expect(made.get("Certificate/models")).toMatchObject({ issuerRef: { name: "models", kind: "ClusterIssuer" } });
    expect(made.get("ClusterIssuer/models")).toMatchObject({
      acme: {
        server: "https://acme-v02.api.letsencrypt.org/directory",
        email: "ops@example.com",
        solvers: [{ dns01: { route53: { region: "us-east-1" } } }],
      },
    });
  });

  it("serves HTTPS on the port of an adopted gateway", async () => {
    const gateway = { port: "8443", address: "gateway.example.com:443" };
    const made = await objects({ adopt: { gateway }, certificate: { kind: "secret", name: "own" } });
    expect(made.get("Gateway/models")?.servers).toMatchObject([
      { port: { name: "https" }, tls: { credentialName: "own" } },
    ]);
  });

  it.each<[string, Certificate, string]>([
    ["a kind that does not exist", { kind: "letsEncrypt" } as never, "certificate.kind"],
    ["a Secret's name that is none", { kind: "secret", name: "Own Secret" }, "certificate.name"],
    [
      "an ACME account without an address",
      { kind: "acme", email: "ops", dns01: { cloudDNS: { project: "shop-1" } } },
      "certificate.email",
    ],
    ["no DNS service", { kind: "acme", email: "a@b.example", dns01: {} as never }, "certificate.dns01"],
    [
      "a region that is none",
      { kind: "acme", email: "a@b.example", dns01: { route53: { region: "" } } },
      "certificate.dns01.route53.region",
    ],
    [
      "a zone by its name in place of its id",
      { kind: "acme", email: "a@b.example", dns01: { route53: { region: "us-east-1", hostedZoneID: "example.com" } } },
      "certificate.dns01.route53.hostedZoneID",
    ],
    [
      "a role by its name in place of its ARN",
      { kind: "acme", email: "a@b.example", dns01: { route53: { region: "us-east-1", role: "dns" } } },
      "certificate.dns01.route53.role",
    ],
    [
      "a subscription by its name",
      { kind: "acme", email: "a@b.example", dns01: { azureDNS: { ...azureDNS, subscriptionID: "Pay as you go" } } },
      "certificate.dns01.azureDNS.subscriptionID",
    ],
    [
      "no resource group",
      { kind: "acme", email: "a@b.example", dns01: { azureDNS: { ...azureDNS, resourceGroupName: "" } } },
      "certificate.dns01.azureDNS.resourceGroupName",
    ],
    [
      "an id in place of a zone",
      { kind: "acme", email: "a@b.example", dns01: { azureDNS: { ...azureDNS, hostedZoneName: "/subscriptions/x" } } },
      "certificate.dns01.azureDNS.hostedZoneName",
    ],
    [
      "an identity by its name",
      {
        kind: "acme",
        email: "a@b.example",
        dns01: { azureDNS: { ...azureDNS, managedIdentity: { clientID: "dns" } } },
      },
      "certificate.dns01.azureDNS.managedIdentity.clientID",
    ],
    [
      "no project",
      { kind: "acme", email: "a@b.example", dns01: { cloudDNS: { project: "" } } },
      "certificate.dns01.cloudDNS.project",
    ],
    [
      "a domain in place of the zone's name",
      { kind: "acme", email: "a@b.example", dns01: { cloudDNS: { project: "shop-1", hostedZoneName: "example.com" } } },
      "certificate.dns01.cloudDNS.hostedZoneName",
    ],
  ])("is refused with %s", (_, certificate, path) => {
    expect(validateIstio({ install, certificate }).map((problem) => problem.path)).toEqual([path]);
  });

  it.each<Dns01>([
    { route53: { region: "us-east-1" } },
    { route53: { region: "eu-west-1", hostedZoneID: "Z0123456789ABC", role: "arn:aws:iam::123456789012:role/a/dns" } },
    { azureDNS },
    { cloudDNS: { project: "shop-1" } },
    { cloudDNS: { project: "shop-1", hostedZoneName: "example-com" } },
  ])("takes the zone %j", (dns01) => {
    expect(validateIstio({ install, certificate: { kind: "acme", email: "a@b.example", dns01 } })).toEqual([]);
  });

  it("is refused with cert-manager's on an adopted gateway, whose namespace nobody knows", () => {
    const args = {
      adopt: { gateway: { port: "8443", address: "a:443" } },
      certificate: { kind: "privateCa" },
    } as const;
    expect(validateIstio(args).map(({ path }) => path)).toEqual(["certificate.kind"]);
  });
});

describe("what the ingress needs", () => {
  const modes = (cluster: keyof typeof prod.clusters, certificate?: Certificate) =>
    systemCluster(prod, cluster, prod.clusters[cluster], {
      ...prod.platform,
      istio: { install: {}, ...(certificate === undefined ? {} : { certificate }) },
    }).modes;

  it("runs cert-manager where a certificate or the load balancer controller asks for it", () => {
    expect(modes("azure-weu").certManager).toBe("none");
    expect(modes("azure-weu", { kind: "secret", name: "own" }).certManager).toBe("none");
    expect(modes("azure-weu", { kind: "privateCa" }).certManager).toBe("install");
    expect(modes("dc-fra", { kind: "issuer", name: "corporate" }).certManager).toBe("install");
    expect(modes("aws-use1").certManager).toBe("install");
  });

  it("runs the AWS Load Balancer Controller on EKS alone, after cert-manager and before the gateway", () => {
    expect(modes("aws-use1").awsLoadBalancerController).toBe("install");
    expect(modes("gcp-euw4").awsLoadBalancerController).toBe("none");
    const order = inOrder();
    expect(order.indexOf("certManager")).toBeLessThan(order.indexOf("awsLoadBalancerController"));
    expect(order.indexOf("awsLoadBalancerController")).toBeLessThan(order.indexOf("istio"));
  });

  it("gives cert-manager's pods the token of a managed identity on AKS, which Azure DNS asks for", async () => {
    const run = await recorded(() => {
      const at = systemCluster(prod, "azure-weu", prod.clusters["azure-weu"], prod.platform);
      certManager.build("cert-manager", { install: {} }, { ...at, published: () => pulumi.output("") }, {});
      return {};
    });
    const chart = run.resources.find(({ type }) => type === "kubernetes:helm.sh/v4:Chart");
    expect(shown(chart?.props ?? {})).toMatchObject({
      values: { podLabels: { "azure.workload.identity/use": "true" } },
    });
  });

  it("is not the first that a full node ends, since cert-manager's webhook fails closed", () => {
    const values = certManagerValues({}) as { webhook: object; cainjector: object };
    const requests = { cpu: expect.stringMatching(/m$/), memory: expect.stringMatching(/Mi$/) };
    for (const part of [values, values.webhook, values.cainjector]) {
      expect(part).toMatchObject({ resources: { requests } });
    }
  });

  it("never holds a drain up with a pod that does not work", () => {
    const always = { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" };
    expect(certManagerValues({})).toMatchObject({
      podDisruptionBudget: always,
      webhook: { podDisruptionBudget: always },
      cainjector: { podDisruptionBudget: always },
    });
    const controller = { cluster: "prod-aws-use1", region: "us-east-1", install: {} };
    expect(awsLoadBalancerControllerValues(controller)).toMatchObject({ podDisruptionBudget: always });
  });

  it("renders the same each time, keeps no definition, and leaves other Services alone", () => {
    expect(
      awsLoadBalancerControllerValues({ cluster: "prod-aws-use1", region: "us-east-1", install: {} }),
    ).toMatchObject({
      clusterName: "prod-aws-use1",
      enableCertManager: true,
      enableServiceMutatorWebhook: false,
    });
    expect(certManagerValues({})).toMatchObject({
      crds: { enabled: true, keep: false },
      startupapicheck: { enabled: false },
      replicaCount: 2,
      webhook: { replicaCount: 2 },
    });
    expect(certManagerValues({ settings: { availability: "single" } })).toMatchObject({
      podDisruptionBudget: { enabled: false },
    });
    expect(certManagerValues({ settings: { registryMirror: { images: "mirror.example.com" } } })).toMatchObject({
      imageRegistry: "mirror.example.com",
    });
  });
});
