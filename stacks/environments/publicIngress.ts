import type { WithIngress } from "../../components/cluster/ingress.ts";
import type { Problem } from "../../components/core/problem.ts";
import type { IstioArgs } from "../../components/platform/istio.ts";
import { keyPath } from "../schema/declaredPath.ts";

/** Clusters that the internet reaches, where models answer over plain HTTP or somebody else owns the gateway. */
export function publicIngressProblems(environment: {
  readonly clusters: Readonly<Record<string, object>>;
  readonly platform: object;
}): Problem[] {
  const { istio } = environment.platform as { readonly istio?: IstioArgs };
  return Object.entries(environment.clusters).flatMap(([name, spec]) => {
    const { ingress } = spec as WithIngress;
    if (ingress === undefined || istio === undefined) return [];
    const path = `${keyPath("clusters", name)}.ingress`;
    if ("adopt" in istio) {
      return [
        {
          path,
          reason: "the ingress gateway is adopted, so its load balancer is its owner's.",
          fix: "Leave ingress out, or install Istio.",
        },
      ];
    }
    return ingress.kind === "public" && istio.certificate === undefined
      ? [
          {
            path,
            reason: "the internet would reach models over plain HTTP.",
            fix: 'Declare platform.istio.certificate, or write { kind: "internal" }.',
          },
        ]
      : [];
  });
}
