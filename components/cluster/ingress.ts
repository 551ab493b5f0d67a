import { isIPv4 } from "node:net";
import { type Problem, unknownChoice } from "../core/problem.ts";
import { aligned, isCidr, isUnrouted } from "./network.ts";

/** Who reaches the models of a cluster in a cloud, through the load balancer of its ingress gateway. */
export type CloudIngress =
  /** The cluster's network, and networks that are connected to it. */
  | { readonly kind: "internal" }
  /** Addresses on the internet, over HTTPS only: `platform.istio.certificate` must be declared. */
  | {
      readonly kind: "public";
      /**
       * Blocks of addresses that the load balancer lets in, such as `["203.0.113.0/24"]`; `0.0.0.0/0` is everyone, to
       * which the policy `ingress-limit-public` objects. At least one, each beginning where a block of its size can,
       * and none that the internet does not route. A change takes effect in place.
       */
      readonly sourceRanges: readonly string[];
    };

/** The choice that every cluster of a cloud declares. */
export interface WithIngress {
  /**
   * Who reaches the models. Changing it replaces the load balancer, and so the gateway's address.
   * @default `{ kind: "internal" }`, because a prediction service is rarely meant for everyone
   */
  readonly ingress?: CloudIngress;
}

/** Internal, because a prediction service is rarely meant for everyone. */
const defaultIngress = { kind: "internal" } as const satisfies CloudIngress;

/** How a Service of type LoadBalancer becomes a load balancer of a cloud. */
export interface LoadBalancer {
  /** Annotations of the Service, which the cloud's controller reads. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The class of the controller that serves it. @default the cloud's own controller */
  readonly loadBalancerClass?: string;
  /** Blocks of addresses that may connect. Empty: everyone who reaches its address. */
  readonly sourceRanges: readonly string[];
  /** Labels of the gateway's namespace, which the cloud's controller reads. @default none */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /**
   * Seconds for which a pod that has left the Service still gets new connections. It goes on serving them.
   * @default none
   */
  readonly lingerSeconds?: number;
  /**
   * Whether the load balancer sends to nodes with a gateway's pod alone (`externalTrafficPolicy: Local`). Other nodes
   * would pass connections on with their own address in place of the client's, by which rate limits count.
   * @default false, as where it sends to pods themselves
   */
  readonly toNodesOfPods?: boolean;
}

/**
 * A node whose last gateway's pod is ending is asked three times before nothing is sent to it: at most 24 s on GKE,
 * whose probes are 8 s apart, and 15 s on AKS. Until then the pod answers, for Kubernetes sends to pods that end where
 * a node has no others (KEP-1669).
 */
const probedSeconds = 30;

/**
 * What the Service of a declared ingress is in a cloud that marks internal or public ones with these annotations, and
 * whose load balancer sends to nodes.
 */
export function loadBalancer(
  { ingress = defaultIngress }: WithIngress,
  annotations: Readonly<Record<CloudIngress["kind"], Readonly<Record<string, string>>>>,
): LoadBalancer {
  return {
    annotations: annotations[ingress.kind],
    sourceRanges: ingress.kind === "public" ? ingress.sourceRanges : [],
    toNodesOfPods: true,
    lingerSeconds: probedSeconds,
  };
}

/** Everything wrong with a declared ingress, by the path its owner typed. */
export function ingressProblems({ ingress = defaultIngress }: WithIngress): Problem[] {
  if (ingress.kind === "internal") return [];
  if (ingress.kind !== "public") {
    return [unknownChoice("ingress.kind", (ingress as { kind: string }).kind, ["internal", "public"])];
  }
  if (ingress.sourceRanges.length === 0) {
    return [
      {
        path: "ingress.sourceRanges",
        reason: "there is none, and a load balancer without source ranges lets everyone in.",
        fix: 'Name the blocks that clients come from, for example ["203.0.113.0/24"].',
      },
    ];
  }
  return ingress.sourceRanges.flatMap((range, index) => {
    const path = `ingress.sourceRanges[${index}]`;
    const problem =
      rangeProblem(range) ??
      (ingress.sourceRanges.indexOf(range) < index
        ? { reason: `"${range}" is there twice.`, fix: "Name it once." }
        : undefined);
    return problem === undefined ? [] : [{ path, ...problem }];
  });
}

/**
 * What is wrong with one block. EC2 shortens one that does not begin where it can, so the AWS Load Balancer Controller
 * does not find its rule again and fails to add it a second time (aws-load-balancer-controller #4263, #4904).
 */
function rangeProblem(range: string): Omit<Problem, "path"> | undefined {
  if (!isCidr(range)) {
    return {
      reason: `"${range}" is not a block of IPv4 addresses.`,
      fix: `Write, for example, "${isIPv4(range) ? `${range}/32` : "203.0.113.0/24"}".`,
    };
  }
  if (aligned(range) !== range) {
    const [address] = range.split("/");
    return {
      reason: `"${range}" does not begin where a block of its size can.`,
      fix: `Write "${aligned(range)}", or "${address}/32" for the one address.`,
    };
  }
  if (isUnrouted(range)) {
    return {
      reason: `"${range}" is not routed on the internet, so no client comes from there.`,
      fix: 'Write the addresses that clients have on the internet, or { kind: "internal" } for connected networks.',
    };
  }
  return undefined;
}
