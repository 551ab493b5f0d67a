import { plainPath } from "../../core/names.ts";
import { type Problem, under, unknownChoice } from "../../core/problem.ts";

/** How what is declared reaches a site. */
export type SiteAccess =
  /** The site's API server can be reached with a kubeconfig. */
  | { readonly kind: "direct" }
  /**
   * Nothing can be reached from outside: manifests are written to `<directory>/<stack>/<cluster>`, from where the site
   * pulls them. `directory` is relative to the project's folder, so that every machine writes to the same place. See
   * docs/clusters/edge.md for what rendering needs and what it cannot do.
   */
  | { readonly kind: "rendered"; readonly directory: string };

/** How clients reach the ingress gateway that is installed. */
export type SiteIngress =
  /** The site has a controller that gives Services of this type an address, MetalLB or kube-vip for example. */
  | { readonly kind: "loadBalancer" }
  /**
   * On this port of every node, 30000 to 32767. `host` is what clients name: a node, or a name that leads to several.
   * By default the gateway's name inside the cluster, on its own port.
   */
  | { readonly kind: "nodePort"; readonly port: number; readonly host?: string };

/**
 * What is particular to a site of one's own. Plain data, known at every preview: the platform is built from it, so it
 * is read from the declaration, never from what another stack published.
 */
export interface SiteSettings {
  /**
   * @default `{ kind: "direct" }`. Changing it, or the directory, replaces everything that runs on the cluster: what
   * was applied is deleted, and what was rendered is a copy that nobody applied for us.
   */
  readonly access?: SiteAccess;
  /**
   * @default `{ kind: "loadBalancer" }`. Changing it changes the gateway's Service in place; its address changes with
   * it.
   */
  readonly ingress?: SiteIngress;
  /**
   * The StorageClass of the volumes we ask for, by name; so far that is the one of an installed Prometheus. @default
   * the cluster's own default. Changing it takes effect on new volumes only: a claim keeps its class.
   */
  readonly storageClass?: string;
  /**
   * Where charts and images come from instead of the internet. Changing `images` restarts what is installed, system by
   * system.
   */
  readonly registryMirror?: {
    /**
     * A chart repository, `https://…`, or `oci://registry/path`. Read by the machine that runs Pulumi.
     * @default each chart's own
     */
    readonly charts?: string;
    /**
     * `registry[:port][/path]`. Images keep the path they have upstream: `quay.io/prometheus/prometheus` is
     * `<images>/prometheus/prometheus`. Read by the nodes. @default each image's own registry
     */
    readonly images?: string;
  };
  /**
   * The way out of the site. Nodes pull images through their own setting of it; here it is for what downloads by
   * itself, which is the GPU operator's driver container only. Changing it restarts that container, and with it every
   * GPU pod of the node.
   */
  readonly proxy?: SiteProxy;
  /**
   * What runs containers on the nodes. `k3s` and `rke2` bring a containerd with a socket of its own. CRI-O and every
   * other containerd are found by the GPU operator itself. @default "containerd"
   */
  readonly runtime?: "containerd" | "k3s" | "rke2";
  /**
   * Whether the site's network enforces NetworkPolicies.
   * @default "enforced": the preflight fails where nothing does.
   */
  readonly networkPolicy?: "enforced" | "unenforced";
}

export interface SiteProxy {
  /** `http://host:port` */
  readonly httpProxy?: string;
  /** `http://host:port`; `https://` where the proxy itself is reached over TLS. */
  readonly httpsProxy?: string;
  /** What is reached without: at least the ranges of nodes, pods and services, and `.svc`. */
  readonly noProxy: readonly string[];
}

/** Where a system is installed. */
export interface AtSite {
  /** @default none: a cloud, which has load balancers and reaches every registry */
  readonly settings?: SiteSettings;
}

/** The folder name of rendered manifests, when the site gets its changes so. */
export function renderedDirectory(settings: SiteSettings | undefined): string | undefined {
  return settings?.access?.kind === "rendered" ? settings.access.directory : undefined;
}

/** The proxy as the environment of a container, in both spellings, since programs read one or the other. */
export function proxyEnvironment(proxy: SiteProxy): readonly { readonly name: string; readonly value: string }[] {
  const variables = { HTTP_PROXY: proxy.httpProxy, HTTPS_PROXY: proxy.httpsProxy, NO_PROXY: proxy.noProxy.join(",") };
  return Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [name, name.toLowerCase()].map((spelling) => ({ name: spelling, value })),
  );
}

export function validateSiteSettings(settings: SiteSettings): Problem[] {
  const { access, ingress, storageClass, registryMirror, proxy, runtime, networkPolicy } = settings;
  return [
    ...(access === undefined ? [] : under("access", accessProblems(access))),
    ...(ingress === undefined ? [] : under("ingress", ingressProblems(ingress))),
    ...(storageClass === undefined || objectName.test(storageClass) ? [] : [notAnObject(storageClass)]),
    ...under("registryMirror", mirrorProblems(registryMirror ?? {})),
    ...(proxy === undefined ? [] : under("proxy", proxyProblems(proxy))),
    ...choiceProblems("runtime", runtime, ["containerd", "k3s", "rke2"]),
    ...choiceProblems("networkPolicy", networkPolicy, ["enforced", "unenforced"]),
  ];
}

const objectName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const hostName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i;
const imageRegistry = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;

function choiceProblems(path: string, value: string | undefined, choices: readonly string[]): Problem[] {
  return value === undefined || choices.includes(value) ? [] : [unknownChoice(path, value, choices)];
}

function accessProblems(access: SiteAccess): Problem[] {
  if (access.kind === "direct") return [];
  if (access.kind !== "rendered") {
    return [unknownChoice("kind", (access as { kind: string }).kind, ["direct", "rendered"])];
  }
  return plainPath.test(access.directory) && !access.directory.split("/").includes("..")
    ? []
    : [
        {
          path: "directory",
          reason: `"${access.directory}" is not a folder below the project's.`,
          fix: 'Write a relative path without "..", for example "rendered".',
        },
      ];
}

function ingressProblems(ingress: SiteIngress): Problem[] {
  if (ingress.kind === "loadBalancer") return [];
  if (ingress.kind !== "nodePort") {
    return [unknownChoice("kind", (ingress as { kind: string }).kind, ["loadBalancer", "nodePort"])];
  }
  const { port, host } = ingress;
  const problems: Problem[] = [];
  if (!Number.isInteger(port) || port < 30_000 || port > 32_767) {
    problems.push({
      path: "port",
      reason: `${port} is not a whole number from 30000 to 32767, the ports Kubernetes opens on nodes.`,
      fix: "Write, for example, 30080.",
    });
  }
  if (host !== undefined && !hostName.test(host)) {
    problems.push({
      path: "host",
      reason: `"${host}" is not a host name or an IPv4 address.`,
      fix: 'Write it without scheme and port, for example "gpu.fra.example.com".',
    });
  }
  return problems;
}

function notAnObject(storageClass: string): Problem {
  return {
    path: "storageClass",
    reason: `"${storageClass}" cannot be the name of a StorageClass.`,
    fix: "Write one that kubectl get storageclass lists, or leave it out for the cluster's default.",
  };
}

function mirrorProblems({ charts, images }: NonNullable<SiteSettings["registryMirror"]>): Problem[] {
  const problems: Problem[] = [];
  if (charts !== undefined && (!/^(https|oci):\/\/[^/\s]+/.test(charts) || userInfo.test(charts))) {
    problems.push({
      path: "charts",
      reason: `"${withoutUser(charts)}" is not a chart repository: https:// or oci://, without a user name.`,
      fix: 'Write, for example, "oci://registry.example.com/charts"; credentials belong into helm registry login.',
    });
  }
  if (images !== undefined && !imageRegistry.test(images)) {
    problems.push({
      path: "images",
      reason: `"${withoutUser(images)}" is not a registry as images name it: host, port and path in lower case, without a scheme.`,
      fix: 'Write, for example, "registry.example.com:5000/mirror".',
    });
  }
  return problems;
}

const userInfo = /^[a-z]+:\/\/[^/]*@/i;

/** An error is printed, and what stands before the `@` may be a password. */
function withoutUser(address: string): string {
  return address.replace(/\/\/[^/]*@|^[^/]*@/, (match) => (match.startsWith("//") ? "//…@" : "…@"));
}

function proxyProblems({ noProxy, ...addresses }: SiteProxy): Problem[] {
  const problems: Problem[] = Object.entries(addresses)
    .filter(([, address]) => !/^https?:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?\/?$/i.test(address))
    .map(([path, address]) => ({
      path,
      reason: `"${withoutUser(address)}" is not http:// or https://, a host and a port; a user name would stand in pods for all to read.`,
      fix: 'Write, for example, "http://proxy.example.com:3128".',
    }));
  if (noProxy.length === 0 || noProxy.some((entry) => !/^[^\s,]+$/.test(entry))) {
    problems.push({
      path: "noProxy",
      reason:
        noProxy.length === 0
          ? "nothing is exempt, so calls to the API server would go to the proxy."
          : "an entry is empty or holds a comma or a space.",
      fix: 'Write each by itself, for example ["10.0.0.0/8", ".svc", ".cluster.local"].',
    });
  }
  return problems;
}
