import type { CustomResourceSpecs } from "../core/customResource.ts";
import type { Jwt } from "./servedModel.ts";
import { ports } from "./triton.ts";

/**
 * Whose tokens the pods of a model take. It selects the pods of all versions, canaries too, and neither the gateway nor
 * other models know of it. A token of another issuer, or one that is not valid, is answered with 401.
 */
export function requestAuthenticationSpec(name: string, jwt: Jwt): CustomResourceSpecs["RequestAuthentication"] {
  const { issuer, audiences, jwks, jwksUri } = jwt;
  return {
    selector: { matchLabels: { app: name } },
    jwtRules: [
      {
        issuer,
        audiences: [...audiences],
        ...(jwksUri === undefined ? {} : { jwksUri }),
        ...(jwks === undefined ? {} : { jwks }),
      },
    ],
  };
}

/**
 * Requests without a token of the issuer are denied (403). DENY comes before every ALLOW that an administrator may have
 * written. Only the ports of requests are named: probes go past the sidecar, and so do scrapes.
 */
export function authorizationPolicySpec(name: string, { issuer }: Jwt): CustomResourceSpecs["AuthorizationPolicy"] {
  return {
    selector: { matchLabels: { app: name } },
    action: "DENY",
    rules: [
      {
        to: [{ operation: { ports: [String(ports.http), String(ports.grpc)] } }],
        // The claim itself: Istio's `requestPrincipals` would also ask for a subject, which some tokens lack.
        when: [{ key: "request.auth.claims[iss]", notValues: [issuer] }],
      },
    ],
  };
}
