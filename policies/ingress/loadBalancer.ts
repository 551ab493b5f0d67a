import { items, type Partially, type Report } from "../rule.ts";
import { independently, known } from "../unknown.ts";
import { opennessOf } from "./sourceRanges.ts";

/** Annotations of an object, each possibly unknown. */
export type Annotations = Readonly<Record<string, unknown>> | undefined;

/** What makes a load balancer of a Service: the Service itself, or values of a chart that become one. */
export interface Balanced {
  /** The path of what the ranges are written below, as the person typed it: `spec`. */
  readonly path: string;
  /** Every set of annotations that reaches the Service. */
  readonly annotations: readonly Annotations[];
  /** The Service's `spec`, as far as it is written. */
  readonly spec: Partially<ServiceSpec>;
  /** An absent field keeps the value that the cluster has. @default false */
  readonly isPatch?: boolean;
}

/** The fields of a Service that rules read. */
export interface ServiceSpec {
  /** `LoadBalancer`, or a type without one. Absent, it is `ClusterIP`. */
  readonly type: string;
  /** Names the controller that makes the load balancer. @default the cloud's own */
  readonly loadBalancerClass: string;
  /** Blocks of addresses that may connect, in CIDR. Empty or absent: everyone. */
  readonly loadBalancerSourceRanges: readonly string[];
  /** Ports of the load balancer. */
  readonly ports: readonly ServicePort[];
}

/** A port of a Service. */
export interface ServicePort {
  /** By Istio's convention it begins with the protocol: `https-models`. */
  readonly name: string;
  /** From 1 to 65535. */
  readonly port: number;
  /** The protocol, for what reads this rather than the name. */
  readonly appProtocol: string;
}

const aws = "service.beta.kubernetes.io/aws-load-balancer";
const azure = "service.beta.kubernetes.io/azure";
const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";
/** Annotations that replace or extend what source ranges say by groups that are seen nowhere here. */
const groups = [`${aws}-security-groups`, `${aws}-extra-security-groups`];

/** Classes whose Services the AWS Load Balancer Controller, or EKS Auto Mode, makes a load balancer for. */
const awsClasses = ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"];
/** Classes of GKE, which say by themselves who connects. */
const gkeClasses: Readonly<Record<string, "internal" | "public">> = {
  "networking.gke.io/l4-regional-internal": "internal",
  "networking.gke.io/l4-regional-external": "public",
};

const makeInternal =
  "Write the annotation by which its cloud makes it internal (docs/ingress.md), or loadBalancerSourceRanges.";

/**
 * Reports everything that lets more than named addresses reach a load balancer, or that shows nobody TLS on it. Nothing
 * is said of an internal one.
 *
 * @throws UnknownValueError at the end, where a value that decides is unknown.
 */
export function checkBalancer({ path, annotations, spec, isPatch = false }: Balanced, report: Report): void {
  const read = reader(annotations);
  const reach = reachOf(read, spec.loadBalancerClass);
  if (reach === "internal") return;
  const isAsked = reach === "public" || !isPatch || spec.type !== undefined;
  independently([
    () => checkRanges(path, spec, read, isAsked ? reach : undefined, report),
    () => {
      const group = groups.find((name) => read(name) !== undefined);
      if (group === undefined) return;
      const reason = "who is let in stands in security groups, and source ranges are not read or not all.";
      report({ path: annotationPath(group), reason, fix: "Leave it out, and write loadBalancerSourceRanges." });
    },
    () => {
      const { ports } = spec;
      if (!Array.isArray(ports) || ports.some(takesTls) || read(`${aws}-ssl-cert`) !== undefined) return;
      const reason =
        "none of the ports takes TLS by its number, name or appProtocol, and the load balancer is not internal.";
      report({ path: `${path}.ports`, reason, fix: "Take requests over HTTPS, on port 443." });
    },
  ]);
}

/**
 * The ranges name somebody, and are there where `reach` says that they must be. An unknown one does not hide that the
 * others are open.
 */
function checkRanges(
  path: string,
  spec: Partially<ServiceSpec>,
  read: Read,
  reach: "public" | "unsaid" | undefined,
  report: Report,
): void {
  const written = items(spec.loadBalancerSourceRanges);
  const answers = [
    ...Array.from({ length: written.length }, (_, index) => known(() => [String(written[index])])),
    ...[rangesAnnotation, `${azure}-allowed-ip-ranges`].map((name) => known(() => listOf(read(name)))),
  ];
  const ranges = answers.flatMap((answer) => (answer.known ? answer.value : []));
  const open = ranges.length === 0 ? undefined : opennessOf(ranges);
  const at = `${path}.loadBalancerSourceRanges`;
  const fix = 'Name the blocks that clients come from, for example "203.0.113.0/24".';
  if (open !== undefined) {
    report({ path: at, reason: open, fix });
    return;
  }
  const tags = `${azure}-allowed-service-tags`;
  if (listOf(read(tags)).some((tag) => tag.trim().toLowerCase() === "internet")) {
    report({ path: annotationPath(tags), reason: "the tag Internet lets everyone in.", fix });
    return;
  }
  for (const answer of answers) if (!answer.known) throw answer.error;
  // The annotation of Azure restricts nothing elsewhere, and this may be elsewhere.
  if (reach === undefined || written.length > 0 || listOf(read(rangesAnnotation)).length > 0) return;
  report(
    reach === "public"
      ? { path: at, reason: "the load balancer is public and lets everyone in.", fix }
      : {
          path: at,
          reason: "nothing says that the load balancer is internal, and it lets everyone in.",
          fix: makeInternal,
        },
  );
}

/**
 * Whether a load balancer is internal. What says that it is public goes before what says that it is not: which
 * controller reads them is not on the object.
 *
 * - The AWS Load Balancer Controller reads `…-scheme` where the class or `…-type` makes it responsible. Without one, it
 *   leaves a load balancer that exists as it is. The controller inside Kubernetes reads `…-internal` alone, so
 *   `…-scheme: internal` by itself is public there.
 * - Azure and GKE compare with exactly `true` and `Internal`.
 */
function reachOf(read: Read, loadBalancerClass: string | undefined): "internal" | "public" | "unsaid" {
  const ofClass = gkeClasses[loadBalancerClass ?? ""];
  if (ofClass !== undefined) return ofClass;
  const scheme = read(`${aws}-scheme`);
  const isAws = loadBalancerClass !== undefined && awsClasses.includes(loadBalancerClass);
  const inTree = read(`${aws}-internal`);
  if (scheme === "internet-facing" || (inTree === "false" && scheme !== "internal")) return "public";
  if (isAws) return scheme === "internal" || (scheme === undefined && inTree === "true") ? "internal" : "unsaid";
  // Another class is a controller of which nothing is known here.
  if (loadBalancerClass !== undefined) return "unsaid";

  const onAzure = read(`${azure}-load-balancer-internal`);
  const onGke = [read("networking.gke.io/load-balancer-type"), read("cloud.google.com/load-balancer-type")];
  if (onAzure === "false" || read("cloud.google.com/l4-rbs") === "enabled" || onGke.includes("External")) {
    return "public";
  }
  const byController = ["external", "nlb-ip"].includes(read(`${aws}-type`) ?? "") && scheme === "internal";
  const internal =
    byController || (inTree !== undefined && inTree !== "") || onAzure === "true" || onGke.includes("Internal");
  return internal ? "internal" : "unsaid";
}

type Read = (name: string) => string | undefined;

/** Reads annotations by name alone, since others may be unknown. */
function reader(annotations: readonly Annotations[]): Read {
  return (name) => {
    for (const one of annotations) {
      const value = one?.[name];
      if (value !== undefined && value !== null) return String(value);
    }
    return undefined;
  };
}

/** The path of an annotation, as a person writes it. */
export function annotationPath(name: string): string {
  return `metadata.annotations["${name}"]`;
}

/** The items of a list in an annotation. */
export function listOf(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((one) => one.trim() !== "");
}

function takesTls({ name, port, appProtocol }: Partially<ServicePort>): boolean {
  return port === 443 || [name, appProtocol].some((text) => /^(?:https|tls|grpcs)(?:-|$)/i.test(text ?? ""));
}
