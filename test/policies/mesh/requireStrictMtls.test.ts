import { requireStrictMtls } from "../../../policies/mesh/requireStrictMtls.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

specifyResourcePolicy(requireStrictMtls, {
  type: "kubernetes:security.istio.io/v1:PeerAuthentication",
  compliant: {
    metadata: { name: "default", namespace: "istio-system" },
    spec: { mtls: { mode: "STRICT" }, portLevelMtls: { "8080": { mode: "STRICT" } } },
  },
  rejects: [
    {
      when: "PERMISSIVE",
      change: { "spec.mtls.mode": "PERMISSIVE" },
      message: /^spec\.mtls\.mode: PERMISSIVE lets anything.*Write STRICT\.$/,
    },
    { when: "DISABLE", change: { "spec.mtls.mode": "DISABLE" }, message: "spec.mtls.mode: DISABLE" },
    {
      when: "one permissive port",
      change: { 'spec.portLevelMtls["8080"].mode': "PERMISSIVE" },
      message: 'spec.portLevelMtls["8080"].mode: PERMISSIVE',
    },
    { when: "a mesh-wide one that says nothing", change: { "spec.mtls": undefined }, message: "default is PERMISSIVE" },
    { when: "a mesh-wide one that is UNSET", change: { "spec.mtls.mode": "UNSET" }, message: "default is PERMISSIVE" },
    {
      when: "the same in v1beta1",
      type: "kubernetes:security.istio.io/v1beta1:PeerAuthentication",
      change: { "spec.mtls.mode": "PERMISSIVE" },
      message: "PERMISSIVE",
    },
    {
      when: "the same in a patch",
      type: "kubernetes:security.istio.io/v1:PeerAuthenticationPatch",
      change: { "spec.mtls.mode": "PERMISSIVE" },
      message: "PERMISSIVE",
    },
  ],
  accepts: [
    { when: "a namespace that inherits", change: { "metadata.namespace": "models", "spec.mtls": undefined } },
    {
      when: "a workload that inherits",
      change: { "spec.selector": { matchLabels: { app: "a" } }, "spec.mtls": undefined },
    },
    { when: "no ports of their own", change: { "spec.portLevelMtls": undefined } },
  ],
  unknowns: [
    { change: { "spec.mtls.mode": unknown }, path: "spec.mtls.mode" },
    { change: { 'spec.portLevelMtls["8080"].mode': unknown }, path: "spec.portLevelMtls.8080.mode" },
  ],
});
