import { isHostName, isObjectName, isPort, plainPath } from "../../core/names.ts";
import { type Problem, under, unknownChoice } from "../../core/problem.ts";
import { mirrorProblems, type RegistryMirror, withoutUser } from "../../core/registryMirror.ts";
import { isCidr } from "../network.ts";
import { type DriverPackages, driverPackageProblems } from "./driverPackages.ts";

/** How declared objects reach a site. */
export type SiteAccess =
  /** Applied through the site's API server, with a kubeconfig. */
  | { readonly kind: "direct" }
  /**
   * The site cannot be reached from outside. Manifests are written to `<directory>/<stack>/<cluster>`, and the site
   * pulls them. `directory` is relative to the project's folder, so that every machine writes to the same place. See
   * docs/clusters/edge.md for what rendering needs and what it cannot do.
   */
  | { readonly kind: "rendered"; readonly directory: string };

/** How clients reach an installed ingress gateway. */
export type SiteIngress =
  /**
   * The site has a controller that gives Services of this type an address, MetalLB or kube-vip for example.
   * `sourceRanges` are the blocks of addresses that may connect, as CIDR; pods that call the gateway by this address
   * are among those to name. Whether the address is one of the internet is the controller's choice, so without them the
   * policy `ingress-limit-public` objects. Changing them changes the Service in place. Without them everyone who
   * reaches the address may connect.
   */
  | { readonly kind: "loadBalancer"; readonly sourceRanges?: readonly string[] }
  /**
   * On this port of every node, 30000 to 32767: for HTTPS where `platform.istio.certificate` is declared, else for
   * HTTP. `host` is the host that clients use: a node, or a DNS name of several. Without it the published address is
   * the gateway's Service inside the cluster, on port 443 or 80.
   */
  | { readonly kind: "nodePort"; readonly port: number; readonly host?: string };

/**
 * What is particular to a site of one's own. Plain data, read from the declaration and never from another stack's
 * outputs, so that the platform built from it is complete in every preview.
 */
export interface SiteSettings {
  /**
   * How declared objects reach the site. @default `{ kind: "direct" }`. Changing it, or the directory, replaces
   * everything that runs on the cluster: applied objects are deleted, and files are written anew.
   */
  readonly access?: SiteAccess;
  /**
   * How clients reach an installed ingress gateway. @default `{ kind: "loadBalancer" }`. Changing it changes the
   * gateway's Service in place, and its address.
   */
  readonly ingress?: SiteIngress;
  /**
   * The name of the StorageClass of the volumes that installed systems claim, at present Prometheus only.
   * @default the cluster's default class. A change reaches new volumes only: a claim keeps its class.
   */
  readonly storageClass?: string;
  /** Where charts and images come from instead of the internet. @default the public registries */
  readonly registryMirror?: RegistryMirror;
  /**
   * The proxy for HTTP out of the site. Only the GPU operator's driver container uses this setting: it downloads by
   * itself, while nodes pull images through a proxy setting of their own. Changing it restarts that container and every
   * GPU pod of its node. @default none
   */
  readonly proxy?: SiteProxy;
  /**
   * Where the GPU operator's driver container gets packages from, and whom it trusts: for a site without a way to the
   * public repositories, or behind a proxy that inspects TLS. Only pools with `driver: { owner: "operator" }` use it.
   * Changing it replaces the driver's pods one node at a time, and evicts the GPU pods of each. @default the public
   * repositories and authorities
   */
  readonly driverPackages?: DriverPackages;
  /**
   * The container runtime of the nodes. `k3s` and `rke2` have a containerd with a socket at another path. The GPU
   * operator finds every other containerd, and CRI-O, by itself. @default "containerd"
   */
  readonly runtime?: "containerd" | "k3s" | "rke2";
  /**
   * Whether the site's network enforces NetworkPolicies. @default "enforced": the preflight fails where it does not.
   */
  readonly networkPolicy?: "enforced" | "unenforced";
  /**
   * `replicated`: two of each system that admission, traffic or a release needs, on different nodes, so that one can be
   * lost or drained. `single`: one of each and smaller requests, for a site of one node or a laptop. Changing it adds
   * or removes pods, and a volume of Prometheus. @default "replicated"
   */
  readonly availability?: "replicated" | "single";
  /**
   * Whether the platform installs the metrics server, which autoscalers of pods read. `own`: the site has one, as k3s
   * and RKE2 bring it, or does without. To install it, kubelets need certificates of the cluster's authority
   * (`serverTLSBootstrap: true`). Changing it to `own` removes it. @default "own"
   */
  readonly metricsServer?: "own" | "install";
}

/** A proxy without a user name: its address would be readable in pods. */
export interface SiteProxy {
  /** The proxy for `http://` addresses: `http://host:port`. @default none */
  readonly httpProxy?: string;
  /**
   * The proxy for `https://` addresses: `http://host:port`, or `https://…` where the proxy itself is reached over TLS.
   * @default none
   */
  readonly httpsProxy?: string;
  /** Hosts, domains and ranges reached without the proxy: at least those of nodes, pods and services, and `.svc`. */
  readonly noProxy: readonly string[];
}

/** The site of the cluster that a system is installed on. */
export interface AtSite {
  /** The site's settings. @default none: as on a cloud, with load balancers and access to every registry */
  readonly settings?: SiteSettings;
  /**
   * Every node has the label of its zone, `topology.kubernetes.io/zone`, as in a cloud. Pods of a pair then prefer
   * different zones, too. Changing it replaces them one at a time. @default false: some nodes may lack it
   */
  readonly zones?: true;
}

/** The folder that manifests are rendered to, relative to the project's. Undefined: the site is reached directly. */
export function renderedDirectory(settings: SiteSettings | undefined): string | undefined {
  return settings?.access?.kind === "rendered" ? settings.access.directory : undefined;
}

/** A container's environment for the proxy: each variable in capitals and in lower case, since programs read either. */
export function proxyEnvironment(proxy: SiteProxy): readonly { readonly name: string; readonly value: string }[] {
  const variables = { HTTP_PROXY: proxy.httpProxy, HTTPS_PROXY: proxy.httpsProxy, NO_PROXY: proxy.noProxy.join(",") };
  return Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [name, name.toLowerCase()].map((spelling) => ({ name: spelling, value })),
  );
}

/** Everything wrong with a site's settings, by the path its owner typed below `settings`. */
export function validateSiteSettings(settings: SiteSettings): Problem[] {
  const {
    access,
    ingress,
    storageClass,
    registryMirror,
    proxy,
    driverPackages,
    runtime,
    networkPolicy,
    availability,
    metricsServer,
  } = settings;
  return [
    ...(access === undefined ? [] : under("access", accessProblems(access))),
    ...(ingress === undefined ? [] : under("ingress", ingressProblems(ingress))),
    ...(storageClass === undefined || isObjectName(storageClass) ? [] : [notAnObject(storageClass)]),
    ...mirrorProblems(registryMirror === undefined ? {} : { registryMirror }),
    ...(proxy === undefined ? [] : under("proxy", proxyProblems(proxy))),
    ...under("driverPackages", driverPackageProblems(driverPackages ?? {})),
    ...choiceProblems("runtime", runtime, ["containerd", "k3s", "rke2"]),
    ...choiceProblems("networkPolicy", networkPolicy, ["enforced", "unenforced"]),
    ...choiceProblems("availability", availability, ["replicated", "single"]),
    ...choiceProblems("metricsServer", metricsServer, ["own", "install"]),
  ];
}

const proxyAddress = /^https?:\/\/([a-z0-9.-]+)(?::(\d+))?\/?$/i;

/** Whether an address has the form, and in it a host and a port that can be. A port may be absent. */
function hasHost(form: RegExp, address: string): boolean {
  const [, host, port] = form.exec(address) ?? [];
  return isHostName(host ?? "") && (port === undefined || isPort(port));
}

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
  if (ingress.kind === "loadBalancer") return sourceRangeProblems(ingress.sourceRanges);
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
  if (host !== undefined && !isHostName(host)) {
    problems.push({
      path: "host",
      reason: `"${host}" is not a host name or an IPv4 address.`,
      fix: 'Write it without scheme and port, for example "gpu.fra.example.com".',
    });
  }
  return problems;
}

function sourceRangeProblems(ranges: readonly string[] | undefined): Problem[] {
  if (ranges?.length === 0) {
    return [
      {
        path: "sourceRanges",
        reason: "there is none, and without source ranges everyone may connect.",
        fix: 'Name the blocks that clients come from, for example ["10.0.0.0/8"], or leave the list out.',
      },
    ];
  }
  return (ranges ?? []).flatMap((range, index) =>
    isCidr(range)
      ? []
      : [
          {
            path: `sourceRanges[${index}]`,
            reason: `"${range}" is not a block of IPv4 addresses.`,
            fix: 'Write, for example, "10.0.0.0/8".',
          },
        ],
  );
}

function notAnObject(storageClass: string): Problem {
  return {
    path: "storageClass",
    reason: `"${storageClass}" cannot be the name of a StorageClass.`,
    fix: "Write one that kubectl get storageclass lists, or leave it out for the cluster's default.",
  };
}

function proxyProblems({ noProxy, ...addresses }: SiteProxy): Problem[] {
  const problems: Problem[] = Object.entries(addresses)
    .filter(([, address]) => !hasHost(proxyAddress, address))
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
