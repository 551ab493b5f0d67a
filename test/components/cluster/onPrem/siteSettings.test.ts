import { describe, expect, it } from "vitest";
import {
  proxyEnvironment,
  renderedDirectory,
  type SiteSettings,
  validateSiteSettings,
} from "../../../../components/cluster/onPrem/siteSettings.ts";
import { renderedArgs, sampleArgs } from "./sample.ts";

/** As printed. `wrong` may say what no type allows: data can. */
function problems(wrong: object): string[] {
  return validateSiteSettings(wrong as SiteSettings).map(({ path, reason, fix }) =>
    [`${path}:`, reason, fix].join(" "),
  );
}

it("has nothing to say about a site like a cloud, one behind a proxy, and one that nobody reaches", () => {
  expect([{}, sampleArgs.settings, renderedArgs.settings].flatMap(problems)).toEqual([]);
});

describe("refuses", () => {
  it.each([
    [
      "an unknown way to the site",
      { access: { kind: "vpn" } },
      'access.kind: "vpn" is not one of "direct", "rendered". ',
    ],
    [
      "a folder of one machine",
      { access: { kind: "rendered", directory: "/srv/rendered" } },
      'access.directory: "/srv/rendered" is not a folder below the project\'s. Write a relative path without "..", for example "rendered".',
    ],
    [
      "a folder outside the project",
      { access: { kind: "rendered", directory: "a/../../b" } },
      'access.directory: "a/../../b" is not a folder below the project\'s. Write a relative path without "..", for example "rendered".',
    ],
    [
      "an unknown ingress",
      { ingress: { kind: "nodeport", port: 30080 } },
      'ingress.kind: "nodeport" is not one of "loadBalancer", "nodePort". Did you mean "nodePort"?',
    ],
    [
      "source ranges that are none",
      { ingress: { kind: "loadBalancer", sourceRanges: [] } },
      'ingress.sourceRanges: there is none, and without source ranges everyone may connect. Name the blocks that clients come from, for example ["10.0.0.0/8"], or leave the list out.',
    ],
    [
      "a source range that is no block",
      { ingress: { kind: "loadBalancer", sourceRanges: ["10.0.0.0/8", "office"] } },
      'ingress.sourceRanges[1]: "office" is not a block of IPv4 addresses. Write, for example, "10.0.0.0/8".',
    ],
    [
      "a port that nodes do not open",
      { ingress: { kind: "nodePort", port: 8080 } },
      "ingress.port: 8080 is not a whole number from 30000 to 32767, the ports Kubernetes opens on nodes. Write, for example, 30080.",
    ],
    [
      "a host with a scheme",
      { ingress: { kind: "nodePort", port: 30080, host: "http://gpu.example.com" } },
      'ingress.host: "http://gpu.example.com" is not a host name or an IPv4 address. Write it without scheme and port, for example "gpu.fra.example.com".',
    ],
    [
      "a class that cannot exist",
      { storageClass: "Ceph Block" },
      'storageClass: "Ceph Block" cannot be the name of a StorageClass. Write one that kubectl get storageclass lists, or leave it out for the cluster\'s default.',
    ],
    [
      "charts over plain HTTP",
      { registryMirror: { charts: "http://charts.example.com" } },
      'registryMirror.charts: "http://charts.example.com" is not a chart repository: https:// or oci://, without a user name and without "?". Write, for example, "oci://registry.example.com/charts"; credentials belong into helm registry login.',
    ],
    [
      "a registry with a scheme",
      { registryMirror: { images: "https://registry.example.com" } },
      'registryMirror.images: "https://registry.example.com" is not a registry as images name it: host, port and path in lower case, without a scheme. Write, for example, "registry.example.com:5000/mirror".',
    ],
    [
      "a proxy that is no address",
      { proxy: { httpProxy: "proxy.example.com", noProxy: [".svc"] } },
      'proxy.httpProxy: "proxy.example.com" is not http:// or https://, a host and a port; a user name would stand in pods for all to read. Write, for example, "http://proxy.example.com:3128".',
    ],
    [
      "a proxy for everything",
      { proxy: { httpProxy: "http://proxy.example.com:3128", noProxy: [] } },
      'proxy.noProxy: nothing is exempt, so calls to the API server would go to the proxy. Write each by itself, for example ["10.0.0.0/8", ".svc", ".cluster.local"].',
    ],
    [
      "exemptions in one string",
      { proxy: { noProxy: ["10.0.0.0/8,.svc"] } },
      'proxy.noProxy: an entry is empty or holds a comma or a space. Write each by itself, for example ["10.0.0.0/8", ".svc", ".cluster.local"].',
    ],
    [
      "a repository file that no package manager reads",
      { driverPackages: { repositories: { "site.txt": "deb https://packages.example.com noble main" } } },
      'driverPackages.repositories["site.txt"]: apt reads *.list and *.sources, dnf *.repo. Name it, for example, "site.list".',
    ],
    [
      "a repository with a password, without printing it",
      { driverPackages: { repositories: { "site.list": "deb https://me:planted@packages.example.com noble main" } } },
      'driverPackages.repositories["site.list"]: it holds a user name or a password, and a ConfigMap is for all to read. Let the repository answer the nodes\' addresses without one.',
    ],
    [
      "an authority under a name that nothing trusts",
      { driverPackages: { authorities: { "proxy.pem": "-----BEGIN CERTIFICATE-----" } } },
      'driverPackages.authorities["proxy.pem"]: Ubuntu trusts *.crt alone, and RHEL the file tls-ca-bundle.pem. Name it, for example, "proxy.crt".',
    ],
    [
      "a private key among authorities",
      { driverPackages: { authorities: { "proxy.crt": "-----BEGIN PRIVATE KEY-----" } } },
      'driverPackages.authorities["proxy.crt"]: it holds a private key, and a ConfigMap is for all to read. Write the certificate alone, and make another key.',
    ],
    [
      "an authority that is no certificate",
      { driverPackages: { authorities: { "proxy.crt": "MIIB" } } },
      'driverPackages.authorities["proxy.crt"]: it holds no certificate in PEM. Begin with -----BEGIN CERTIFICATE-----.',
    ],
    ["an unknown runtime", { runtime: "docker" }, 'runtime: "docker" is not one of "containerd", "k3s", "rke2". '],
    [
      "an unknown word about the network",
      { networkPolicy: "enforce" },
      'networkPolicy: "enforce" is not one of "enforced", "unenforced". Did you mean "enforced"?',
    ],
  ])("%s", (_, wrong, said) => {
    expect(problems(wrong)).toEqual([said]);
  });

  it("credentials in an address, without printing them", () => {
    const said = problems({
      registryMirror: { charts: "https://me:planted@charts.example.com", images: "me:planted@registry.example.com" },
      proxy: { httpsProxy: "http://me:planted@proxy.example.com:3128", noProxy: [".svc"] },
    });
    expect(said.map((line) => line.split(":")[0])).toEqual([
      "registryMirror.charts",
      "registryMirror.images",
      "proxy.httpsProxy",
    ]);
    expect(said.join("\n")).not.toContain("planted");
  });
});

it("spells a proxy in both ways programs read it, and leaves out what is not given", () => {
  expect(proxyEnvironment({ httpsProxy: "http://proxy:3128", noProxy: ["10.0.0.0/8", ".svc"] })).toEqual([
    { name: "HTTPS_PROXY", value: "http://proxy:3128" },
    { name: "https_proxy", value: "http://proxy:3128" },
    { name: "NO_PROXY", value: "10.0.0.0/8,.svc" },
    { name: "no_proxy", value: "10.0.0.0/8,.svc" },
  ]);
});

it("knows a rendered site from one that is reached", () => {
  const ways = [undefined, {}, { access: { kind: "direct" } }, renderedArgs.settings] as const;
  expect(ways.map(renderedDirectory)).toEqual([undefined, undefined, undefined, "rendered"]);
});
