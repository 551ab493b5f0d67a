import { items, type Partially, type Report } from "../rule.ts";
import { everyItem } from "../unknown.ts";
import { annotationPath } from "./loadBalancer.ts";

/** The fields of an Ingress that the rule reads. */
export interface IngressTls {
  /** Annotations, by which controllers are told. */
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  /** Its hosts, and those with a certificate. */
  readonly spec: {
    readonly ingressClassName: string;
    readonly tls: readonly { readonly hosts: readonly string[] }[];
    readonly rules: readonly { readonly host: string }[];
  };
}

const alb = "alb.ingress.kubernetes.io";

/**
 * Security policies of AWS for TLS 1.2 or later alone. The default of the AWS Load Balancer Controller,
 * `ELBSecurityPolicy-2016-08`, takes 1.0.
 */
const awsPolicy = /^ELBSecurityPolicy-(?:TLS13|TLS|FS)-1-[23](?:-|$)/;

/** Reports every way into an Ingress over plain HTTP, and a retired version of TLS. */
export function checkIngressTls({ metadata, spec = {} }: Partially<IngressTls>, report: Report): void {
  const annotation = (name: string): string | undefined => metadata?.annotations?.[name];
  const className = spec.ingressClassName ?? annotation("kubernetes.io/ingress.class");
  if (className === "alb" || annotation(`${alb}/scheme`) !== undefined) {
    checkAlbTls(annotation, report);
    return;
  }

  const isGke = className === "gce" || className === "gce-internal";
  const managed = ["ingress.gcp.kubernetes.io/pre-shared-cert", "networking.gke.io/managed-certificates"];
  if (!(isGke && managed.some((name) => annotation(name) !== undefined))) checkHosts(spec, report);
  if (isGke && annotation("kubernetes.io/ingress.allow-http") !== "false") {
    const path = annotationPath("kubernetes.io/ingress.allow-http");
    const reason = "GKE answers over plain HTTP, too, and a redirect of its FrontendConfig is not seen here.";
    report({ path, reason, fix: 'Write "false".' });
  }
  const redirect = "nginx.ingress.kubernetes.io/ssl-redirect";
  if (annotation(redirect) === "false" && annotation("nginx.ingress.kubernetes.io/force-ssl-redirect") !== "true") {
    report({ path: annotationPath(redirect), reason: "HTTP carries requests in the open.", fix: "Leave it out." });
  }
}

/** Every host has a certificate. One entry without hosts is the controller's own certificate, for all of them. */
function checkHosts({ tls, rules }: Partially<IngressTls["spec"]>, report: Report): void {
  const entries = items(tls);
  const fix = "Add it to spec.tls.";
  if (entries.length === 0) {
    report({ path: "spec.tls", reason: "it is empty, so HTTP carries requests and predictions in the open.", fix });
    return;
  }
  const certified = entries.flatMap((entry) => items(entry?.hosts));
  if (entries.some((entry) => items(entry?.hosts).length === 0)) return;
  everyItem(rules, ({ host }, index) => {
    const parent = host?.replace(/^[^.]+/, "*");
    if ([host, parent].some((name) => name !== undefined && certified.includes(name))) return;
    const reason = `${host ?? "a rule without a host"} has no certificate, so it answers over plain HTTP.`;
    report({ path: `spec.rules[${index}].host`, reason, fix });
  });
}

/** Without ports of its own it listens on 443 where it has a certificate, else on 80. */
function checkAlbTls(annotation: (name: string) => string | undefined, report: Report): void {
  const ports = annotation(`${alb}/listen-ports`);
  const listens = (protocol: string) => ports !== undefined && new RegExp(`"${protocol}"\\s*:`).test(ports);
  const isPlain = ports === undefined ? annotation(`${alb}/certificate-arn`) === undefined : listens("HTTP");
  if (isPlain && !(listens("HTTPS") && annotation(`${alb}/ssl-redirect`) !== undefined)) {
    const path = annotationPath(`${alb}/listen-ports`);
    const reason = "HTTP carries requests and predictions in the open.";
    report({ path, reason, fix: `Write '[{"HTTPS": 443}]', or ${alb}/ssl-redirect beside both.` });
    return;
  }
  checkAwsPolicy(annotation, `${alb}/ssl-policy`, report);
}

/** The versions of TLS that a load balancer of AWS takes. */
export function checkAwsPolicy(read: (name: string) => string | undefined, name: string, report: Report): void {
  const policy = read(name);
  if (policy !== undefined && awsPolicy.test(policy)) return;
  const reason = `${policy ?? "the controller's default"} takes versions of TLS that are retired (RFC 8996).`;
  report({ path: annotationPath(name), reason, fix: "Write ELBSecurityPolicy-TLS13-1-2-2021-06." });
}
