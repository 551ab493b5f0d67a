import type { IGateway } from "@kubernetes-models/istio/networking.istio.io/v1beta1/Gateway";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { kindsOf, resourceRule } from "../rule.ts";
import { everyItem } from "../unknown.ts";

/** Protocols of a server that carry requests in the open. */
const plain = ["HTTP", "HTTP2", "GRPC", "GRPC-WEB"];

/** Versions of TLS that are broken or retired (RFC 8996). Absent, Istio asks for 1.2. */
const old = ["TLSV1_0", "TLSV1_1"];

/** Modes in which the gateway itself ends the TLS connection. */
const terminating = ["SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL"];

/** No gateway takes requests over plain HTTP, except to send them to HTTPS, or on its machine's own address. */
export const requireTls: ResourceValidationPolicy = {
  name: "ingress-require-tls",
  displayName: "Requests come in over TLS",
  description:
    "Every server of an Istio Gateway takes requests over TLS 1.2 or later, or answers with a redirect to HTTPS. A server on a loopback address is exempt.",
  severity: "high",
  remediationSteps:
    "Declare `platform.istio.certificate`. In a Gateway of your own: `tls: { httpsRedirect: true }` on the HTTP server, and a server of protocol HTTPS.",
  url: "https://istio.io/latest/docs/reference/config/networking/gateway/",
  validateResource: resourceRule<IGateway>(kindsOf("networking.istio.io", ["Gateway"]), ({ spec }, report) => {
    everyItem(spec?.servers, (server, index) => {
      const path = `spec.servers[${index}]`;
      const protocol = (server.port?.protocol ?? "").toUpperCase();
      const { tls } = server;
      if (plain.includes(protocol)) {
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
  }),
};

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^127\.\d+\.\d+\.\d+$/.test(address) || address === "::1");
}
