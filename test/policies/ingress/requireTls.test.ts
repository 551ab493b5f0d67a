import { describe, expect, it } from "vitest";
import { requireTls } from "../../../policies/ingress/requireTls.ts";
import { judge, specifyResourcePolicy, unknown } from "../harness.ts";

specifyResourcePolicy(requireTls, {
  type: "kubernetes:networking.istio.io/v1:Gateway",
  compliant: {
    metadata: { name: "models", namespace: "istio-system" },
    spec: {
      servers: [
        { port: { number: 80, protocol: "HTTP", name: "http" }, hosts: ["*"], tls: { httpsRedirect: true } },
        {
          port: { number: 443, protocol: "HTTPS", name: "https" },
          hosts: ["*"],
          tls: { mode: "SIMPLE", credentialName: "models-tls", minProtocolVersion: "TLSV1_2" },
        },
      ],
    },
  },
  rejects: [
    {
      when: "plain HTTP",
      change: { "spec.servers[0].tls": undefined },
      message: /^spec\.servers\[0\]: HTTP carries requests.*httpsRedirect: true/,
    },
    { when: "gRPC without TLS", change: { "spec.servers[1].port.protocol": "grpc" }, message: "GRPC carries requests" },
    {
      when: "an address that everyone reaches",
      change: { "spec.servers[0].tls": undefined, "spec.servers[0].bind": "10.0.0.7" },
      message: "HTTP carries requests",
    },
    {
      when: "a retired version of TLS",
      change: { "spec.servers[1].tls.minProtocolVersion": "TLSV1_1" },
      message: "spec.servers[1].tls.minProtocolVersion: TLSV1_1 is retired",
    },
    {
      when: "bytes of any protocol without TLS",
      change: { "spec.servers[0].port.protocol": "TCP", "spec.servers[0].tls": undefined },
      message: "TCP carries requests",
    },
    {
      when: "the same in v1beta1",
      type: "kubernetes:networking.istio.io/v1beta1:Gateway",
      change: { "spec.servers[0].tls": undefined },
      message: "HTTP carries requests",
    },
  ],
  accepts: [
    {
      when: "plain HTTP on the machine itself",
      change: { "spec.servers[0].tls": undefined, "spec.servers[0].bind": "127.251.0.1" },
    },
    { when: "TLS that the pod behind ends", change: { "spec.servers[1].tls": { mode: "PASSTHROUGH" } } },
    { when: "Istio's own least version", change: { "spec.servers[1].tls.minProtocolVersion": undefined } },
    { when: "no server", change: { "spec.servers": [] } },
  ],
  unknowns: [
    {
      change: { "spec.servers[0].tls": undefined, "spec.servers[0].bind": unknown },
      path: "spec.servers.0.bind",
    },
  ],
});

describe("a Gateway of the Kubernetes Gateway API", () => {
  const judged = (...protocols: unknown[]) =>
    judge(requireTls, "kubernetes:gateway.networking.k8s.io/v1:Gateway", {
      spec: { listeners: protocols.map((protocol) => ({ name: "one", protocol })) },
    });

  it("is accepted with HTTPS and TLS", async () => {
    expect(await judged("HTTPS", "TLS")).toEqual({ violations: [] });
  });

  it.each(["HTTP", "TCP"])("is rejected with %s", async (protocol) => {
    const expected = expect.stringMatching(new RegExp(`^spec\\.listeners\\[1\\]: ${protocol} carries`));
    expect((await judged("HTTPS", protocol)).violations).toEqual([expected]);
  });

  it("is undetermined where a protocol is unknown, which does not hide another", async () => {
    const { violations, undetermined } = await judged(unknown, "HTTP");
    expect(violations).toHaveLength(1);
    expect(undetermined).toContain("protocol");
  });
});

describe("an Ingress", () => {
  const alb = "alb.ingress.kubernetes.io";
  const policy = { [`${alb}/ssl-policy`]: "ELBSecurityPolicy-TLS13-1-2-2021-06" };
  const rules = [{ host: "a.models.example.com" }];
  const judged = (spec: object, annotations: Record<string, unknown> = {}) =>
    judge(requireTls, "kubernetes:networking.k8s.io/v1:Ingress", { metadata: { annotations }, spec });

  it.each<[string, object, Record<string, unknown>?]>([
    ["a certificate of its host", { ingressClassName: "nginx", rules, tls: [{ hosts: ["a.models.example.com"] }] }],
    ["a certificate of all hosts of a domain", { rules, tls: [{ hosts: ["*.models.example.com"] }] }],
    ["the controller's certificate", { rules, tls: [{ secretName: "own" }] }],
    [
      "a certificate of AWS",
      { ingressClassName: "alb", rules },
      { [`${alb}/certificate-arn`]: "arn:aws:acm:x", ...policy },
    ],
    [
      "a redirect in AWS",
      { ingressClassName: "alb", rules },
      { [`${alb}/listen-ports`]: '[{"HTTP": 80}, {"HTTPS": 443}]', [`${alb}/ssl-redirect`]: "443", ...policy },
    ],
    [
      "a certificate of Google",
      { rules },
      {
        "kubernetes.io/ingress.class": "gce-internal",
        "kubernetes.io/ingress.allow-http": "false",
        "ingress.gcp.kubernetes.io/pre-shared-cert": "models",
      },
    ],
  ])("is accepted with %s", async (_, spec, annotations) => {
    expect(await judged(spec, annotations)).toEqual({ violations: [] });
  });

  it.each<[string, object, Record<string, unknown>, string]>([
    ["no certificate", { rules }, {}, "spec.tls: it is empty"],
    ["a certificate of another host", { rules, tls: [{ hosts: ["b.models.example.com"] }] }, {}, "spec.rules[0].host"],
    ["a certificate of a domain above", { rules, tls: [{ hosts: ["*.example.com"] }] }, {}, "has no certificate"],
    ["a rule for every host", { rules: [{}], tls: [{ hosts: ["a.example.com"] }] }, {}, "a rule without a host"],
    [
      "nginx' redirect switched off",
      { rules, tls: [{ secretName: "own" }] },
      { "nginx.ingress.kubernetes.io/ssl-redirect": "false" },
      "ssl-redirect",
    ],
    ["AWS as it is by default", { ingressClassName: "alb", rules }, {}, "HTTP carries requests"],
    [
      "both ports in AWS, and no redirect",
      { ingressClassName: "alb", rules },
      { [`${alb}/listen-ports`]: '[{"HTTP":80},{"HTTPS":443}]', ...policy },
      "HTTP carries requests",
    ],
    [
      "the versions of TLS that AWS takes by default",
      { ingressClassName: "alb", rules },
      { [`${alb}/certificate-arn`]: "arn:aws:acm:x" },
      "the controller's default takes versions of TLS that are retired",
    ],
    [
      "a policy that takes TLS 1.0 by a new name",
      { ingressClassName: "alb", rules },
      { [`${alb}/certificate-arn`]: "arn:aws:acm:x", [`${alb}/ssl-policy`]: "ELBSecurityPolicy-TLS13-1-0-2021-06" },
      "retired",
    ],
    [
      "GKE's plain HTTP",
      { rules, tls: [{ secretName: "own" }] },
      { "kubernetes.io/ingress.class": "gce-internal" },
      "GKE answers over plain HTTP",
    ],
  ])("is rejected with %s", async (_, spec, annotations, message) => {
    expect((await judged(spec, annotations)).violations).toEqual([expect.stringContaining(message)]);
  });

  it("is undetermined where its certificates are unknown", async () => {
    expect((await judged({ rules, tls: unknown })).undetermined).toContain("spec.tls");
  });
});

it("a load balancer of AWS that ends TLS names a policy of TLS 1.2 or later", async () => {
  const aws = "service.beta.kubernetes.io/aws-load-balancer-ssl";
  const judged = (annotations: Record<string, unknown>) =>
    judge(requireTls, "kubernetes:core/v1:Service", { metadata: { annotations }, spec: { type: "LoadBalancer" } });
  const certificate = { [`${aws}-cert`]: "arn:aws:acm:x" };
  const policy = `${aws}-negotiation-policy`;
  expect(await judged({ ...certificate, [policy]: "ELBSecurityPolicy-TLS13-1-2-2021-06" })).toEqual({ violations: [] });
  expect(await judged({})).toEqual({ violations: [] });
  expect((await judged(certificate)).violations).toHaveLength(1);
  expect((await judged({ ...certificate, [policy]: "ELBSecurityPolicy-TLS-1-1-2017-01" })).violations).toHaveLength(1);
  expect((await judged({ ...certificate, [policy]: unknown })).undetermined).toContain("negotiation-policy");
});
