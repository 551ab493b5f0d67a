import { requireTls } from "../../../policies/ingress/requireTls.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

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
