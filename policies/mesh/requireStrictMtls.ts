import type { ResourceValidationPolicy } from "@pulumi/policy";
import { kindsOf, resourceRule } from "../rule.ts";
import { everyItem, independently } from "../unknown.ts";
import { isMeshWide, type PeerAuthentication } from "./peerAuthentication.ts";

/** UNSET takes the mode of the level above. */
const modes = ["STRICT", "UNSET"];

/** No PeerAuthentication lets a workload accept plain text, on any port. */
export const requireStrictMtls: ResourceValidationPolicy = {
  name: "mesh-require-strict-mtls",
  displayName: "No plain text inside the mesh",
  description: "A PeerAuthentication never lets a workload accept plain text, on no port.",
  severity: "critical",
  remediationSteps:
    'Write `mtls: { mode: "STRICT" }` and remove `portLevelMtls`. Bring callers outside the mesh in through the gateway.',
  url: "https://istio.io/latest/docs/reference/config/security/peer_authentication/",
  validateResource: resourceRule<PeerAuthentication>(
    kindsOf("security.istio.io", ["PeerAuthentication"]),
    (authentication, report, { isPatch }) => {
      const checkMode = (path: string, mode: string | undefined) => {
        if (mode === undefined || modes.includes(mode)) return;
        const reason = `${mode} lets anything that reaches the pod talk to it without a certificate.`;
        report({ path, reason, fix: "Write STRICT." });
      };
      independently([
        () => {
          const mode = authentication.spec?.mtls?.mode;
          checkMode("spec.mtls.mode", mode);
          if (!isPatch && (mode ?? "UNSET") === "UNSET" && isMeshWide(authentication)) {
            const reason = "the mesh-wide PeerAuthentication says nothing, and Istio's own default is PERMISSIVE.";
            report({ path: "spec.mtls.mode", reason, fix: "Write STRICT." });
          }
        },
        () => {
          const ports = authentication.spec?.portLevelMtls;
          everyItem(Object.keys(ports ?? {}), (port) =>
            checkMode(`spec.portLevelMtls["${port}"].mode`, ports?.[port]?.mode),
          );
        },
      ]);
    },
  ),
};
