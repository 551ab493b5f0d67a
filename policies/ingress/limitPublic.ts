import type { ResourceValidationPolicy } from "@pulumi/policy";
import { items, type Partially, type Report, type ResourceKinds, resourceRule } from "../rule.ts";
import { everyItem, independently } from "../unknown.ts";
import { balancedIn } from "./chartServices.ts";
import { annotationPath, checkBalancer, listOf, type ServiceSpec } from "./loadBalancer.ts";
import { opennessOf } from "./sourceRanges.ts";

/** The fields of all kinds that make a load balancer, together. */
interface Exposed {
  readonly kind: string;
  readonly items: readonly Exposed[];
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: ServiceSpec & {
    readonly ingressClassName: string;
    readonly gatewayClassName: string;
    readonly infrastructure: { readonly annotations: Readonly<Record<string, string>> };
    readonly addresses: readonly { readonly type: string }[];
    readonly scheme: string;
    readonly inboundCIDRs: readonly string[];
  };
  readonly chart: string;
  readonly values: object;
}

type Check = (resource: Partially<Exposed>, report: Report, isPatch: boolean) => void;

const checkService: Check = ({ metadata, spec = {} }, report, isPatch) => {
  if (spec.type !== "LoadBalancer" && !(isPatch && spec.type === undefined)) return;
  checkBalancer({ path: "spec", annotations: [metadata?.annotations], spec, isPatch }, report);
};

/** By which classes GKE makes load balancers inside a network (GKE documentation, "GatewayClass capabilities"). */
const gkeInternal = /^gke-l7-(?:rilb|cross-regional-internal-managed)(?:-mc)?$/;

/**
 * A Gateway of the Kubernetes Gateway API. Its controller makes a Service of type LoadBalancer, with the annotations of
 * `infrastructure`, or in Istio those of the Gateway where there is none.
 */
const checkGateway: Check = ({ metadata, spec = {} }, report, isPatch) => {
  const className = spec.gatewayClassName;
  if (className === undefined && isPatch) return;
  if (gkeInternal.test(className ?? "") || className === "istio-waypoint") return;
  if (/^gke-/.test(className ?? "")) {
    const reason = `${className} makes a public load balancer, and no source ranges can be written here.`;
    return report({ path: "spec.gatewayClassName", reason, fix: 'Write "gke-l7-rilb".' });
  }
  const own = metadata?.annotations;
  const type = own?.["networking.istio.io/service-type"];
  if (type !== undefined && type !== "LoadBalancer") return;
  // Istio makes nothing where the address is a Service that is there: `<name>.<namespace>.svc`.
  if (className === "istio" && items(spec.addresses).some((address) => address?.type === "Hostname")) return;
  const inherited = spec.infrastructure?.annotations;
  checkBalancer({ path: "spec", annotations: [inherited ?? own], spec: {} }, (problem) =>
    report({
      ...problem,
      path: "spec.infrastructure.annotations",
      fix: "Write the annotations by which its Service's load balancer is internal (docs/ingress.md).",
    }),
  );
};

const alb = "alb.ingress.kubernetes.io";

/**
 * An Ingress whose controller makes a load balancer for it: in AWS, GKE or Azure. Others have a Service, judged
 * by itself.
 */
const checkIngress: Check = ({ metadata, spec = {} }, report, isPatch) => {
  const annotation = (name: string): string | undefined => metadata?.annotations?.[name];
  const className = spec.ingressClassName ?? annotation("kubernetes.io/ingress.class");
  const scheme = annotation(`${alb}/scheme`);
  if (className === "alb" || scheme !== undefined) {
    if (scheme !== "internet-facing") return;
    const path = annotationPath(`${alb}/inbound-cidrs`);
    return checkAlb(listOf(annotation(`${alb}/inbound-cidrs`)), annotation(`${alb}/security-groups`), path, report);
  }
  if (className === "azure-application-gateway" || className === "azure/application-gateway") {
    const privately = "appgw.ingress.kubernetes.io/use-private-ip";
    if (annotation(privately) === "true") return;
    const reason = "Application Gateway gives it a public address, which everyone reaches.";
    return report({ path: annotationPath(privately), reason, fix: 'Write "true".' });
  }
  const path = "spec.ingressClassName";
  if (className === "gce") {
    const reason = "GKE makes a public load balancer of it, and no source ranges can be written here.";
    report({ path, reason, fix: 'Write the annotation kubernetes.io/ingress.class: "gce-internal".' });
  } else if (className === undefined && !isPatch) {
    const reason = "it names no class, and GKE makes a public load balancer of such an Ingress.";
    report({ path, reason, fix: "Name the class of your controller." });
  }
};

/** A class of the AWS Load Balancer Controller, whose fields go before the annotations of its Ingresses. */
const checkClass: Check = ({ spec = {} }, report) => {
  if (spec.scheme !== "internet-facing") return;
  checkAlb(items(spec.inboundCIDRs).map(String), undefined, "spec.inboundCIDRs", report);
};

function checkAlb(ranges: readonly string[], groups: string | undefined, path: string, report: Report): void {
  const reason =
    groups !== undefined
      ? "who is let in stands in security groups, and the blocks of addresses are not read."
      : ranges.length === 0
        ? "the load balancer is public and lets everyone in."
        : opennessOf(ranges);
  if (reason === undefined) return;
  report({ path, reason, fix: 'Name the blocks that clients come from, for example "203.0.113.0/24".' });
}

const checkChart: Check = ({ chart, values }, report) =>
  independently(
    balancedIn(chart, values).map((find) => () => {
      const balanced = find();
      if (balanced !== undefined) checkBalancer(balanced, report);
    }),
  );

const checks: Readonly<Record<string, Check>> = {
  Service: checkService,
  Gateway: checkGateway,
  Ingress: checkIngress,
  IngressClassParams: checkClass,
  Chart: checkChart,
  Release: checkChart,
};

const kinds: ResourceKinds = {
  pattern:
    /^kubernetes:(?:(?:core\/[^:/]+:Service|gateway\.networking\.k8s\.io\/[^:/]+:Gateway|(?:networking\.k8s\.io|extensions)\/[^:/]+:Ingress|elbv2\.k8s\.aws\/[^:/]+:IngressClassParams)(?:Patch|List)?|helm\.sh\/v[34]:(?:Chart|Release))$/,
  description: "a Service, a Gateway of the Gateway API, an Ingress or a chart",
};

/** Whoever reaches a load balancer is inside the network, or one of the named addresses, over TLS. */
export const limitPublic: ResourceValidationPolicy = {
  name: "ingress-limit-public",
  displayName: "Load balancers are internal, or let in named addresses",
  description:
    "A load balancer, whether a Service, a Gateway of the Gateway API, an Ingress or a chart's values make it, is internal by what its cloud reads, or lets in named blocks of addresses, over TLS.",
  severity: "critical",
  remediationSteps:
    'Declare `ingress: { kind: "internal" }` on the cluster, or source ranges; at a site `settings: { ingress: { kind: "loadBalancer", sourceRanges } }`.',
  url: "https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer",
  validateResource: (args, reportViolation) =>
    resourceRule<Exposed>(kinds, (resource, report, { isPatch }) => {
      const [kind, isList] = kindOf(args.type);
      const check = checks[kind];
      if (!isList) return check?.(resource, report, isPatch);
      everyItem(resource.items, (item, index) =>
        check?.(item, (problem) => report({ ...problem, path: `items[${index}].${problem.path}` }), false),
      );
    })(args, reportViolation),
};

/** The kind of a type, and whether it is a list of that kind. */
function kindOf(type: string): [kind: string, isList: boolean] {
  const name = type.slice(type.lastIndexOf(":") + 1);
  return [name.replace(/(?:Patch|List)$/, ""), name.endsWith("List")];
}
