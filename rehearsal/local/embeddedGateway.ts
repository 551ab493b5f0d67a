import type { Problem } from "../../components/core/problem.ts";
import type { Environment } from "../../stacks/environments/environment.ts";

/**
 * What the embedded gateway cannot do for an environment. It has no HTTPS: istiod sends a certificate only to an Envoy
 * whose identity istio-agent has proven (istio/istio `pilot/pkg/xds/sds.go`), and the embedded Envoy runs without it.
 */
export function embeddedGatewayProblems({ platform: { istio } }: Pick<Environment, "platform">): Problem[] {
  return istio.certificate === undefined
    ? []
    : [
        {
          path: "platform.istio.certificate",
          reason: "the embedded gateway has no HTTPS, so no model would answer.",
          fix: "Leave it out; to try it, use a cluster of your own: npx serin up local --kubeconfig <file>.",
        },
      ];
}
