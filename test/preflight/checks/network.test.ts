import { describe, expect, it } from "vitest";
import type { DaemonSetFacts, ServiceFacts } from "../../../preflight/clusterFacts.ts";
import { facts, needs, nodesOf, verdict } from "../cluster.ts";

function daemonSet(name: string, ...args: string[]): DaemonSetFacts {
  return { namespace: "kube-system", name, containers: [{ name: "main", args }] };
}

describe("network policy", () => {
  const enforced = needs({ networkPolicy: "enforced" });

  it.each<[string, DaemonSetFacts, string]>([
    ["Cilium", daemonSet("cilium"), "Cilium"],
    ["Calico under RKE2", daemonSet("rke2-canal"), "Calico"],
    ["GKE", daemonSet("anetd"), "GKE Dataplane V2"],
    [
      "EKS with the agent on",
      daemonSet("aws-node", "--enable-network-policy=true"),
      "VPC CNI with its network policy agent",
    ],
  ])("is enforced by %s", (_, set, found) => {
    expect(verdict("networkPolicy", facts({ daemonSets: [daemonSet("kube-proxy"), set] }), enforced)).toEqual({
      status: "passed",
      found,
      needed: "a network that enforces policies",
    });
  });

  it("is enforced by k3s itself", () => {
    expect(verdict("networkPolicy", facts({ nodes: nodesOf("k3s") }), enforced).found).toBe("k3s");
  });

  it("is not by flannel, nor by a VPC CNI with the agent off, nor by nothing", () => {
    const found = (...daemonSets: DaemonSetFacts[]) => verdict("networkPolicy", facts({ daemonSets }), enforced);
    expect(found(daemonSet("kube-flannel-ds"))).toEqual({
      status: "failed",
      found: "kube-flannel-ds enforces none",
      needed: "a network that enforces policies",
      fix: 'Install Cilium, Calico or another that enforces them, or declare networkPolicy: "unenforced".',
    });
    expect(found(daemonSet("aws-node", "--enable-network-policy=false"))).toEqual({
      status: "failed",
      found: "aws-node enforces none",
      needed: "a network that enforces policies",
      fix: "Turn on the VPC CNI add-on's network policy agent (enableNetworkPolicy), or install Cilium or Calico.",
    });
    expect(found().found).toBe("none is known here");
  });

  it("is not asked for where it is declared as unenforced", () => {
    expect(verdict("networkPolicy", facts(), needs()).status).toBe("notApplicable");
  });
});

describe("the storage class", () => {
  const standard = { name: "standard", isDefault: true, provisioner: "rancher.io/local-path" };
  const named = needs({ storage: { kind: "class", name: "fast" } });
  const byDefault = needs({ storage: { kind: "default" } });

  it("that is named is there", () => {
    expect(verdict("storageClass", facts({ storageClasses: [{ ...standard, name: "fast" }] }), named).status).toBe(
      "passed",
    );
    expect(verdict("storageClass", facts({ storageClasses: [standard] }), named)).toEqual({
      status: "failed",
      found: "there is standard",
      needed: "the class fast",
      fix: "Declare one that exists in the site's storageClass, or create it.",
    });
  });

  it("is one default, not none and not two", () => {
    expect(verdict("storageClass", facts({ storageClasses: [standard] }), byDefault)).toEqual({
      status: "passed",
      found: "standard (rancher.io/local-path)",
      needed: "a default class",
    });
    const fix =
      "Name one in the site's storageClass, or mark one: annotate storageclass.kubernetes.io/is-default-class=true.";
    expect(verdict("storageClass", facts(), byDefault)).toEqual({
      status: "failed",
      found: "there is none",
      needed: "a default class",
      fix,
    });
    const other = [{ ...standard, isDefault: false }];
    expect(verdict("storageClass", facts({ storageClasses: other }), byDefault).found).toBe(
      "there is standard, and none is the default",
    );
    const two = [standard, { ...standard, name: "fast" }];
    expect(verdict("storageClass", facts({ storageClasses: two }), byDefault).found).toBe(
      "standard, fast are all the default",
    );
  });
});

describe("ingress", () => {
  const balanced = needs({ ingress: { kind: "loadBalancer" } });
  const needed = "something that gives Services of type LoadBalancer an address";
  const service = (changes: Partial<ServiceFacts> = {}): ServiceFacts => ({
    namespace: "web",
    name: "shop",
    type: "LoadBalancer",
    ports: [8080],
    nodePorts: [30080],
    hasAddress: false,
    ...changes,
  });

  it("has an address where another Service has one, a controller is known, or a cloud made the nodes", () => {
    const found = (contents: Parameters<typeof facts>[0]) => verdict("ingress", facts(contents), balanced).found;
    expect(found({ services: [service({ hasAddress: true })] })).toBe("1 Service of type LoadBalancer with an address");
    const definitions = [{ name: "ipaddresspools.metallb.io", versions: ["v1beta1"], managers: [] }];
    expect(found({ definitions })).toBe("MetalLB");
    expect(found({ nodes: nodesOf("gke") })).toBe("the cloud's own (gce)");
    expect(found({ nodes: nodesOf("k3s") })).toBe("k3s ServiceLB");
    expect(found({ daemonSets: [daemonSet("kube-vip-ds")] })).toBe("kube-vip");
  });

  it("has none on a default k3s, whose ServiceLB gives ports 80 and 443 of the nodes to Traefik (k3s #1969)", () => {
    const traefik = service({ namespace: "kube-system", name: "traefik", ports: [80, 443], hasAddress: true });
    const seen = { nodes: nodesOf("k3s"), services: [traefik], daemonSets: [daemonSet("svclb-traefik-3a1b2c4d")] };
    expect(verdict("ingress", facts(seen), balanced)).toEqual({
      status: "failed",
      found:
        "k3s ServiceLB holds port 80 and 443 of the nodes for Service kube-system/traefik, and the gateway would wait for ever",
      needed,
      fix: 'Remove it (Traefik: disable: [traefik] in /etc/rancher/k3s/config.yaml), or declare the site\'s ingress: { kind: "nodePort", port }.',
    });
    expect(verdict("ingress", facts({ ...seen, daemonSets: [daemonSet("metallb-speaker")] }), balanced).status).toBe(
      "passed",
    );
    const own = { ...traefik, namespace: "istio-ingress", name: "istio-ingressgateway" };
    const ours = { ...seen, services: [own], daemonSets: [daemonSet("svclb-istio-ingressgateway-1f2e3d4c")] };
    expect(verdict("ingress", facts(ours), balanced).status).toBe("passed");
  });

  it("has none on bare metal by itself", () => {
    expect(verdict("ingress", facts({ nodes: nodesOf("rke2"), services: [service()] }), balanced)).toEqual({
      status: "failed",
      found: "no load balancer is known here, and 1 Service without an address",
      needed,
      fix: 'Install one (MetalLB, kube-vip), or declare the site\'s ingress: { kind: "nodePort", port }.',
    });
  });

  it("by node port needs that port, which our own gateway may have", () => {
    const byPort = needs({ ingress: { kind: "nodePort", port: 30080 } });
    expect(verdict("ingress", facts({ services: [service()] }), byPort)).toEqual({
      status: "failed",
      found: "node port 30080 is taken by Service web/shop",
      needed: "node port 30080, free",
      fix: "Declare another port from 30000 to 32767 in the site's ingress.",
    });
    const own = service({ namespace: "istio-ingress", name: "istio-ingressgateway", type: "NodePort" });
    expect(verdict("ingress", facts({ services: [own] }), byPort).status).toBe("passed");
  });
});
