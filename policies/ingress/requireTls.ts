import type { IGateway } from "@kubernetes-models/istio/networking.istio.io/v1beta1/Gateway";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Partially, type Report, type ResourceKinds, resourceRule } from "../rule.ts";
import { everyItem } from "../unknown.ts";
import { checkAwsPolicy, checkIngressTls, type IngressTls } from "./ingressTls.ts";

/** Protocols of a server that carry requests in the open. */
const plain = ["HTTP", "HTTP2", "GRPC", "GRPC-WEB"];

/** Protocols of which nothing but the lack of `tls` is known. */
const opaque = ["TCP", "MONGO", "MYSQL"];

/** Versions of TLS that are broken or retired (RFC 8996). Absent, Istio asks for 1.2. */
const old = ["TLSV1_0", "TLSV1_1"];

/** Modes in which the gateway itself ends the TLS connection. */
const terminating = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL"];

interface GatewayOfApi {
  readonly spec: { readonly listeners: readonly { readonly protocol: string }[] };
}

interface BalancedService {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly type: string };
}

const kinds: ResourceKinds = {
  pattern:
    /^kubernetes:(?:(?:networking\.istio\.io|gateway\.networking\.k8s\.io)\/[^:/]+:Gateway|(?:networking\.k8s\.io|extensions)\/[^:/]+:Ingress|core\/[^:/]+:Service)(?:Patch)?$/,
  description: "a Gateway, an Ingress or a Service",
};

/** No gateway takes requests over plain HTTP, except to send them to HTTPS, or on its machine's own address. */
export const requireTls: ResourceValidationPolicy = {
  name: "ingress-require-tls",
  displayName: "Requests come in over TLS",
  description:
    "Every server of an Istio Gateway takes requests over TLS 1.2 or later, or answers with a redirect to HTTPS; so do listeners of the Gateway API, Ingresses, and load balancers of AWS that end TLS. A server on a loopback address is exempt.",
  severity: "high",
  remediationSteps:
    "Declare `platform.istio.certificate`. In a Gateway of your own: `tls: { httpsRedirect: true }` on the HTTP server, and a server of protocol HTTPS.",
  url: "https://istio.io/latest/docs/reference/config/networking/gateway/",
  validateResource: (args, reportViolation) =>
    resourceRule<IGateway & GatewayOfApi & IngressTls & BalancedService>(kinds, (resource, report, { isPatch }) => {
      if (args.type.startsWith("kubernetes:networking.istio.io/")) checkServers(resource, report);
      else if (args.type.startsWith("kubernetes:gateway.")) checkListeners(resource, report);
      else if (args.type.startsWith("kubernetes:core/")) checkService(resource, report);
      else if (!isPatch) checkIngressTls(resource, report);
    })(args, reportViolation),
};

function checkServers({ spec }: Partially<IGateway>, report: Report): void {
  everyItem(spec?.servers, (server, index) => {
    const path = `spec.servers[${index}]`;
    const protocol = (server.port?.protocol ?? "").toUpperCase();
    const { tls } = server;
    if (plain.includes(protocol) || (opaque.includes(protocol) && tls === undefined)) {
      if (tls?.httpsRedirect === true || isLoopback(server.bind)) return;
      const reason = `${protocol} carries requests and predictions in the open.`;
      report({ path, reason, fix: "Write tls: { httpsRedirect: true }, and a server of protocol HTTPS." });
      return;
    }
    const version = tls?.minProtocolVersion;
    if (tls?.mode !== undefined && terminating.includes(tls.mode) && version !== undefined && old.includes(version)) {
      const reason = `${version} is retired (RFC 8996).`;
      report({ path: `${path}.tls.minProtocolVersion`, reason, fix: "Write TLSV1_2 or later." });
    }
  });
}

function checkListeners({ spec }: Partially<GatewayOfApi>, report: Report): void {
  everyItem(spec?.listeners, ({ protocol }, index) => {
    if (protocol !== "HTTP" && protocol !== "TCP") return;
    const reason = `${protocol} carries requests and predictions in the open, and whether a route redirects is not seen here.`;
    report({ path: `spec.listeners[${index}]`, reason, fix: "Leave it out, and write a listener of protocol HTTPS." });
  });
}

/** A load balancer of AWS that ends TLS itself. */
function checkService({ metadata, spec }: Partially<BalancedService>, report: Report): void {
  if (spec?.type !== "LoadBalancer") return;
  const read = (name: string) => metadata?.annotations?.[name];
  const aws = "service.beta.kubernetes.io/aws-load-balancer-ssl";
  if (read(`${aws}-cert`) !== undefined) checkAwsPolicy(read, `${aws}-negotiation-policy`, report);
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^127\.\d+\.\d+\.\d+$/.test(address) || address === "::1");
}
