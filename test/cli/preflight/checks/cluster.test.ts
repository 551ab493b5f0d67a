import { describe, expect, it } from "vitest";
import { accessNeeds } from "../../../../cli/preflight/checks/permissions.ts";
import type { DaemonSetFacts, ServiceFacts } from "../../../../cli/preflight/clusterFacts.ts";
import type { ClusterNeeds } from "../../../../cli/preflight/clusterNeeds.ts";
import { preflightChecks } from "../../../../cli/preflight/preflightChecks.ts";
import { facts, leasesOf, needs, nodesOf, noon, pool, verdict } from "../cluster.ts";

const systems = (changes: Partial<ClusterNeeds["systems"]>) => needs({ systems: { ...needs().systems, ...changes } });

describe("the API server", () => {
  const installed = needs({ versions: { istio: "1.30.5", argoRollouts: "1.9.1" } });

  it.each(["v1.35.3-eks-bbe087e", "v1.35.2-gke.1485000", "v1.33.9+rke2r1", "v1.32.0"])("may run %s", (version) => {
    expect(verdict("apiServer", facts({}, { version }), installed)).toEqual({
      status: "passed",
      found: version,
      needed: "Kubernetes that Istio 1.30.5, Argo Rollouts 1.9.1 run on",
    });
  });

  it("runs a version that every system we install runs on", () => {
    expect(verdict("apiServer", facts({}, { version: "v1.36.0-gke.1" }), installed)).toEqual({
      status: "failed",
      found:
        "v1.36.0-gke.1: Argo Rollouts 1.9.1 is tested on Kubernetes 1.32–1.35, not 1.36 (argoproj/argo-rollouts `.github/workflows/testing.yaml` at the tag)",
      needed: "Kubernetes that Istio 1.30.5, Argo Rollouts 1.9.1 run on",
      fix: "Bring the cluster to 1.35, a minor version at a time.",
    });
  });

  it("answers anything where systems are adopted, but a Kubernetes version", () => {
    expect(verdict("apiServer", facts({}, { version: "v1.29.1" }), needs()).status).toBe("passed");
    expect(verdict("apiServer", facts({}, { version: "nginx" }), needs())).toEqual({
      status: "failed",
      found: "nginx",
      needed: "an answer",
      fix: "This is no Kubernetes version: look at what answers there.",
    });
  });

  it("that cannot be reached is the one failure there is", () => {
    const away = { ...facts(), api: { reachable: false, reason: "connect ECONNREFUSED 10.0.0.1:6443" } } as const;
    expect(preflightChecks(away, needs({ gpuPools: { l4: pool() } }))).toEqual([
      {
        check: "apiServer",
        title: "API server",
        status: "failed",
        found: "https://10.0.0.1:6443: connect ECONNREFUSED 10.0.0.1:6443",
        needed: "an answer",
        fix: "Run this where the server can be reached (a private endpoint: inside its network), with credentials that work.",
      },
      {
        check: "registries",
        title: "registries",
        status: "notApplicable",
        found: "nothing is pulled",
        needed: "nothing",
      },
    ]);
  });
});

describe("permissions", () => {
  it("are those of an administrator where something is installed, and less where all is adopted", () => {
    const install = accessNeeds(systems({ istio: "install" })).map(({ verb, resource }) => `${verb} ${resource}`);
    expect(install).toEqual(expect.arrayContaining(["create customresourcedefinitions", "escalate clusterroles"]));
    const adopt = accessNeeds(systems({ istio: "adopt" })).map(({ verb, resource }) => `${verb} ${resource}`);
    expect(adopt).not.toContain("create namespaces");
    expect(accessNeeds(needs({ modelNamespace: { name: "models", mode: "create" } }))).toContainEqual({
      verb: "create",
      group: "",
      resource: "namespaces",
    });
  });

  it("that are missing are named", () => {
    const access = accessNeeds(needs()).map((need) => ({ ...need, allowed: need.group !== "argoproj.io" }));
    expect(verdict("permissions", facts({ access }), needs())).toEqual({
      status: "failed",
      found: "not allowed: patch rollouts.argoproj.io, patch analysistemplates.argoproj.io",
      needed: "10 rights in all namespaces",
      fix: "Use a kubeconfig of a cluster administrator, or have the rights granted (kubectl auth can-i --list shows them).",
    });
  });
});

describe("platform systems", () => {
  const definition = (name: string, versions: string[], ...managers: string[]) => ({ name, versions, managers });
  const rollouts = (...managers: string[]) => [
    definition("rollouts.argoproj.io", ["v1alpha1"], ...managers),
    definition("analysistemplates.argoproj.io", ["v1alpha1"], ...managers),
  ];

  it("are adopted where they are served", () => {
    expect(verdict("systems", facts({ definitions: rollouts("helm") }), systems({ argoRollouts: "adopt" }))).toEqual({
      status: "passed",
      found: "1 system as declared",
      needed: "Argo Rollouts present",
    });
    const istio = [definition("virtualservices.networking.istio.io", ["v1beta1"], "helm")];
    expect(verdict("systems", facts({ definitions: istio }), systems({ istio: "adopt" }))).toEqual({
      status: "failed",
      found:
        "Istio is to be adopted, and virtualservices.networking.istio.io/v1, destinationrules.networking.istio.io/v1, gateways.networking.istio.io/v1, peerauthentications.security.istio.io/v1 is not served",
      needed: "Istio present",
      fix: "Install or upgrade what is missing, or declare platform.istio with install.",
    });
  });

  it("are not installed beside somebody else's, and are again over our own", () => {
    const install = systems({ argoRollouts: "install" });
    expect(verdict("systems", facts({ definitions: rollouts("helm") }), install)).toEqual({
      status: "failed",
      found: "Argo Rollouts is to be installed, and rollouts.argoproj.io is there already, from helm",
      needed: "Argo Rollouts absent, or ours",
      fix: "Declare platform.argoRollouts with adopt, or remove what is there.",
    });
    for (const manager of ["serin", "pulumi-kubernetes-1f3c5a7b"]) {
      expect(verdict("systems", facts({ definitions: rollouts(manager) }), install).status).toBe("passed");
    }
  });

  it("have one node feature discovery between them", () => {
    const definitions = [definition("nodefeatures.nfd.k8s-sigs.io", ["v1alpha1"], "kubectl")];
    expect(verdict("systems", facts({ definitions }), systems({ gpuOperator: "install" })).found).toBe(
      "the GPU operator is to be installed, and nodefeatures.nfd.k8s-sigs.io is there already, from kubectl",
    );
  });
});

describe("pod security", () => {
  const enforcing = (name: string, level: string) =>
    facts({ namespaces: [{ name, labels: { "pod-security.kubernetes.io/enforce": level }, managers: [] }] });

  it("lets the driver's pods in", () => {
    const needed = systems({ gpuOperator: "install" });
    expect(verdict("podSecurity", facts(), needed)).toEqual({
      status: "passed",
      found: "nothing forbids it",
      needed: "level privileged in gpu-operator",
    });
    expect(verdict("podSecurity", enforcing("gpu-operator", "baseline"), needed)).toEqual({
      status: "failed",
      found: "namespace gpu-operator enforces baseline",
      needed: "level privileged in gpu-operator",
      fix: "kubectl label namespace gpu-operator pod-security.kubernetes.io/enforce=privileged --overwrite",
    });
  });

  it("lets the sidecars' init containers in, which Istio's CNI plugin makes unnecessary", () => {
    const needed = systems({ istio: "adopt" });
    const strict = enforcing("models", "restricted");
    expect(verdict("podSecurity", strict, needed)).toEqual({
      status: "failed",
      found: "namespace models enforces restricted",
      needed: "level privileged in models",
      fix: "kubectl label namespace models pod-security.kubernetes.io/enforce=privileged --overwrite, or install Istio's CNI plugin, with which sidecars need no rights",
    });
    const cni = { ...strict.api.contents, daemonSets: [daemonSet("istio-cni-node")] };
    expect(verdict("podSecurity", facts(cni), needed).status).toBe("passed");
  });

  it("may be decided by somebody else", () => {
    const definitions = [{ name: "clusterpolicies.kyverno.io", versions: ["v1"], managers: ["helm"] }];
    expect(verdict("podSecurity", facts({ definitions }), systems({ gpuOperator: "install" }))).toEqual({
      status: "warning",
      found: "Kyverno decides what is admitted",
      needed: "level privileged in gpu-operator",
      fix: "Exempt these namespaces from its rules on privileged pods and capabilities.",
    });
  });
});

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

describe("clocks", () => {
  const needed = "within 5 s of the API server's";

  it("of nodes are told by the leases they renew", () => {
    expect(verdict("clock", facts({ leases: leasesOf("stale-leases") }), needs())).toEqual({
      status: "warning",
      found: "lab-2 last renewed its lease 1100 s ago, lab-3 is 60 s ahead",
      needed,
      fix: "Set the nodes' clocks by NTP (chrony), and look at kubelets that have stopped.",
    });
    const fresh = leasesOf("stale-leases").slice(0, 1);
    expect(verdict("clock", facts({ leases: fresh }), needs())).toEqual({
      status: "passed",
      found: "this machine's and those of 1 nodes agree",
      needed,
    });
  });

  it("of this machine is compared with the server's", () => {
    const clock = { server: noon, here: "2026-11-22T12:02:30.000Z" };
    expect(verdict("clock", facts({}, { clock }), needs())).toEqual({
      status: "warning",
      found: "this machine is 120 s ahead",
      needed,
      fix: "Set this machine's clock by NTP: credentials made here may not be good there yet, or no longer.",
    });
  });
});

describe("what cannot be read", () => {
  it("has not passed, and says why", () => {
    const { nodes: _, ...contents } = facts().api.contents;
    const api = { contents, refused: { nodes: 'nodes is forbidden: User "dev" cannot list resource "nodes"' } };
    expect(verdict("cpu", facts({}, api), needs({ gpuPools: { l4: pool() } }))).toEqual({
      status: "failed",
      found: 'nodes cannot be read (nodes is forbidden: User "dev" cannot list resource "nodes")',
      needed: "at least 8 vCPU on each GPU node",
      fix: "Use credentials that may get and list them.",
    });
  });

  it("does not matter to a check that nothing needs", () => {
    const { nodes: _, ...contents } = facts().api.contents;
    expect(verdict("cpu", facts({}, { contents, refused: { nodes: "forbidden" } }), needs()).status).toBe(
      "notApplicable",
    );
  });

  it("is a warning at most for clocks", () => {
    const { leases: _, ...contents } = facts().api.contents;
    expect(verdict("clock", facts({}, { contents, refused: { leases: "forbidden" } }), needs())).toEqual({
      status: "warning",
      found: "node leases cannot be read (forbidden)",
      needed: "within 5 s of the API server's",
      fix: "Use credentials that may get and list them.",
    });
  });
});
