import { describe, expect, it } from "vitest";
import type { ClusterSpec } from "../../../components/cluster/clouds.ts";
import { charts } from "../../../components/core/charts.ts";
import type { PlatformSystem } from "../../../components/platform/platformSystem.ts";
import { systems as platformSystems } from "../../../components/platform/systems.ts";
import { accessNeeds } from "../../../preflight/checks/permissions.ts";
import type { ClusterNeeds } from "../../../preflight/clusterNeeds.ts";
import { declaredNeeds } from "../../../preflight/declaredNeeds.ts";
import { preflightChecks } from "../../../preflight/preflightChecks.ts";
import { prod } from "../../../stacks/environments/prod.ts";
import { facts, leasesOf, needs, nodesOf, noon, pool, verdict } from "../cluster.ts";

const systems = (changes: ClusterNeeds["systems"]) => needs({ systems: { ...needs().systems, ...changes } });

const operator = needs({
  systems: { ...needs().systems, gpuOperator: "install" },
  namespaces: [
    { name: "gpu-operator", podSecurity: "privileged" },
    { name: "istio-system", podSecurity: "restricted" },
  ],
});

describe("the API server", () => {
  const installed = needs({ versions: { systems: { istio: "1.30.5", argoRollouts: "1.9.1" } } });

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

  it("says what the reason tells to do, where it does", () => {
    const api = { reachable: false, reason: '"kubelogin" is not on PATH', fix: "Install it." } as const;
    const [answer] = preflightChecks({ ...facts(), api }, needs());
    expect(answer).toMatchObject({ check: "apiServer", fix: "Install it." });
  });
});

describe("an upgrade of Kubernetes", () => {
  const declared = needs({ kubernetes: { version: "1.35" } });
  const upgrade = (version: string, wants = declared) => verdict("kubernetesUpgrade", facts({}, { version }), wants);

  it("goes one minor version at a time", () => {
    expect(upgrade("v1.35.3-eks-bbe087e")).toMatchObject({ status: "passed", found: "v1.35.3-eks-bbe087e" });
    expect(upgrade("v1.34.9")).toMatchObject({ status: "passed", found: "v1.34.9, upgraded by the cluster layer" });
    expect(upgrade("v1.33.9")).toEqual({
      status: "failed",
      found: "v1.33.9",
      needed: "Kubernetes 1.35",
      fix: 'Declare kubernetesVersion: "1.34" first, one minor version at a time.',
    });
  });

  it("never goes back, and a cluster that its cloud has upgraded is no failure", () => {
    expect(upgrade("v1.36.0-gke.1")).toMatchObject({
      status: "warning",
      fix: 'Declare kubernetesVersion: "1.36". No cloud takes a version back.',
    });
  });

  it("waits where the cloud wants something done before, and not once it is done", () => {
    const azure = prod.clusters["azure-weu"];
    const on = (spec: ClusterSpec) => declaredNeeds(prod, "azure-weu", spec);
    expect(upgrade("v1.34.9", on(azure))).toMatchObject({
      status: "failed",
      fix: 'Take kubernetesVersion back, declare nodesVersion with the same version, bring the cluster layer up, and go on as docs/clusters/aks.md says ("Upgrade").',
    });
    expect(upgrade("v1.34.9", on({ ...azure, nodesVersion: "1.34" }))).toMatchObject({ status: "passed" });
    expect(upgrade("v1.35.1", on(azure))).toMatchObject({ status: "passed" });
  });

  it("is its owner's where a cluster is adopted", () => {
    expect(upgrade("v1.29.1", needs())).toMatchObject({ status: "notApplicable" });
  });
});

describe("an upgrade of a platform system", () => {
  const installed = systems({
    istio: "install",
    certManager: "install",
    gpuOperator: "install",
    prometheus: "install",
  });
  const runs = (istio: string, certManager: string, gpuOperator: string) => [
    { namespace: "istio-system", name: "istiod", version: istio },
    { namespace: "cert-manager", name: "cert-manager", version: certManager },
    { namespace: "gpu-operator", name: "gpu-operator", version: gpuOperator },
    { namespace: "shop", name: "istiod", version: "1.9.0" },
    { namespace: "shop", name: "cart" },
  ];
  const upgrade = (deployments: ReturnType<typeof runs>, wanted = installed) =>
    verdict("systemUpgrades", facts({ deployments }), wanted);
  const needed = `cert-manager ${charts.certManager.version.slice(1)}`;

  it("goes one step at a time: a minor version of Istio, a major release of the GPU operator", () => {
    expect(upgrade(runs("1.29.6", "v1.20.2", "v26.3.3"))).toMatchObject({
      status: "passed",
      found: "GPU Operator 26.3.3, cert-manager 1.20.2, Istio 1.29.6",
    });
    expect(upgrade(runs("1.28.3", "v1.21.0", "v26.7.0"))).toMatchObject({
      status: "failed",
      fix: 'Install Istio 1.29 first, as docs/how-to/upgrade.md says: its maker supports no larger step (Istio documentation, "In-place Upgrades", prerequisites).',
    });
    expect(upgrade(runs("1.30.5", "v1.21.1", "v25.3.4"))).toMatchObject({
      status: "failed",
      fix: 'Install GPU Operator 25.10 first, as docs/how-to/upgrade.md says: its maker supports no larger step (NVIDIA GPU Operator documentation, "Platform Support", life cycle).',
    });
    expect(upgrade(runs("1.30.5", "v1.21.1", "v23.9.2")).fix).toContain("Install GPU Operator 24.9 first");
  });

  it("is a warning where the maker only recommends single steps", () => {
    expect(upgrade(runs("1.30.5", "v1.18.0", "v26.7.0"))).toMatchObject({
      status: "warning",
      fix: 'Install cert-manager 1.19 first, as docs/how-to/upgrade.md says: its maker recommends it (cert-manager documentation, "Upgrading cert-manager").',
    });
  });

  it("goes back in single steps, too", () => {
    expect(upgrade(runs("1.31.0", "v1.21.1", "v26.7.0")).status).toBe("passed");
    expect(upgrade(runs("1.32.0", "v1.21.1", "v26.7.0")).fix).toContain("Install Istio 1.31 first");
  });

  it("is none where nothing runs yet, where it is adopted, or where the maker sets no limit", () => {
    expect(upgrade([])).toMatchObject({ status: "passed", found: "none of them is there yet" });
    expect(upgrade(runs("1.9.0", "v0.1.0", "v1.0.0"), systems({ istio: "adopt" })).status).toBe("notApplicable");
    expect(upgrade([], systems({ prometheus: "install", argoRollouts: "install" })).status).toBe("notApplicable");
    expect(upgrade([]).needed).toContain(needed);
  });

  it("knows the line of each version that is installed now", () => {
    for (const { title, upgrade: steps } of Object.values<PlatformSystem>(platformSystems)) {
      if (steps === undefined || steps.lines === "every minor version") continue;
      const line = steps.lines.at(-1) ?? "";
      expect(steps.to.replace(/^v/, "").startsWith(`${line}.`), `${title} ${steps.to}`).toBe(true);
    }
  });
});

describe("permissions", () => {
  it("are those of an administrator where something is installed, and less where all is adopted", () => {
    const install = accessNeeds(systems({ istio: "install" })).map(({ verb, resource }) => `${verb} ${resource}`);
    expect(install).toEqual(
      expect.arrayContaining(["create customresourcedefinitions", "escalate clusterroles", "patch rollouts"]),
    );
    const adopt = accessNeeds(systems({ istio: "adopt" })).map(({ verb, resource }) => `${verb} ${resource}`);
    expect(adopt).not.toContain("create namespaces");
    expect(accessNeeds(needs({ modelNamespace: { name: "models", mode: "create" } }))).toContainEqual({
      verb: "create",
      group: "",
      resource: "namespaces",
    });
  });

  it("reach the certificates of the gateway where cert-manager runs, whoever installed it", () => {
    const groups = (certManager: "adopt" | "none") => accessNeeds(systems({ certManager })).map(({ group }) => group);
    expect(groups("adopt")).toContain("cert-manager.io");
    expect(groups("none")).not.toContain("cert-manager.io");
  });

  it("that are missing are named", () => {
    const access = accessNeeds(needs()).map((need) => ({ ...need, allowed: need.group !== "argoproj.io" }));
    expect(verdict("permissions", facts({ access }), needs())).toEqual({
      status: "failed",
      found:
        "not allowed: get rollouts.argoproj.io, create rollouts.argoproj.io, patch rollouts.argoproj.io, delete rollouts.argoproj.io and 4 more",
      needed: "67 rights in all namespaces",
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
        "Istio is to be adopted, and virtualservices.networking.istio.io/v1, destinationrules.networking.istio.io/v1, envoyfilters.networking.istio.io/v1alpha3, requestauthentications.security.istio.io/v1, authorizationpolicies.security.istio.io/v1, gateways.networking.istio.io/v1, peerauthentications.security.istio.io/v1 is not served",
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

  it("are handed over before they are adopted where they may be ours, or their definitions and all objects would go", () => {
    const definitions = rollouts("pulumi-kubernetes-1f3c5a7b");
    expect(verdict("systems", facts({ definitions }), systems({ argoRollouts: "adopt" }))).toMatchObject({
      status: "warning",
      found: "Argo Rollouts is to be adopted, and a Pulumi program made its definitions",
      fix: expect.stringContaining("hand the system over first"),
    });
  });

  it("are not installed on OpenShift where their charts do not work there, but adopted", () => {
    const definitions = [definition("clusterversions.config.openshift.io", ["v1"], "cluster-version-operator")];
    const installed = systems({ istio: "install", argoRollouts: "install", gpuOperator: "install" });
    expect(verdict("systems", facts({ definitions }), installed)).toMatchObject({
      status: "failed",
      found:
        "GPU Operator is to be installed, which does not work on OpenShift; Istio is to be installed, which does not work on OpenShift",
      fix: "Install the GPU Operator from OperatorHub, and declare platform.gpuOperator with adopt. Install OpenShift Service Mesh 3, and declare platform.istio with adopt.",
    });
    const own = systems({ argoRollouts: "install" });
    expect(verdict("systems", facts({ definitions }), own).status).toBe("passed");
  });

  it("have one node feature discovery between them", () => {
    const definitions = [definition("nodefeatures.nfd.k8s-sigs.io", ["v1alpha1"], "kubectl")];
    expect(verdict("systems", facts({ definitions }), operator).found).toBe(
      "GPU Operator is to be installed, and nodefeatures.nfd.k8s-sigs.io is there already, from kubectl",
    );
  });
});

describe("pod security", () => {
  const enforcing = (name: string, level: string) =>
    facts({ namespaces: [{ name, labels: { "pod-security.kubernetes.io/enforce": level }, managers: [] }] });

  it("lets the driver's pods in", () => {
    const needed = operator;
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
    const cni = {
      ...strict.api.contents,
      daemonSets: [{ namespace: "istio-system", name: "istio-cni-node", containers: [] }],
    };
    expect(verdict("podSecurity", facts(cni), needed).status).toBe("passed");
  });

  it("lets in what a namespace's level admits, whatever else is enforced", () => {
    const baseline = needs({ namespaces: [{ name: "toys", podSecurity: "baseline" }] });
    for (const level of ["privileged", "baseline"]) {
      expect(verdict("podSecurity", enforcing("toys", level), baseline).status).toBe("passed");
    }
    expect(verdict("podSecurity", enforcing("toys", "restricted"), baseline)).toMatchObject({
      status: "failed",
      needed: "level baseline in toys",
      fix: "kubectl label namespace toys pod-security.kubernetes.io/enforce=baseline --overwrite",
    });
    expect(verdict("podSecurity", enforcing("istio-system", "restricted"), operator).status).toBe("passed");
  });

  it("lets the node exporter into monitoring, which an installed Prometheus makes", () => {
    const needed = declaredNeeds(prod, "dc-fra", prod.clusters["dc-fra"] as ClusterSpec);
    expect(verdict("podSecurity", enforcing("monitoring", "baseline"), needed)).toMatchObject({
      status: "failed",
      found: "namespace monitoring enforces baseline",
      fix: "kubectl label namespace monitoring pod-security.kubernetes.io/enforce=privileged --overwrite",
    });
  });

  it("of a namespace for models on OpenShift is what its security contexts say", () => {
    const definitions = [{ name: "clusterversions.config.openshift.io", versions: ["v1"], managers: [] }];
    const cni = [{ namespace: "istio-cni", name: "istio-cni-node", containers: [] }];
    const seen = facts({ definitions, daemonSets: cni });
    expect(verdict("podSecurity", seen, systems({ istio: "adopt" }))).toMatchObject({
      status: "warning",
      found: "security context constraints of OpenShift decide what is admitted",
      fix: "Let the models run as user 1000: oc adm policy add-scc-to-group nonroot-v2 system:serviceaccounts:models.",
    });
  });

  it("of a prepared namespace without a level is the API server's, which a hardened RKE2 (profile: cis) sets to restricted", () => {
    const adopting = systems({ istio: "adopt" });
    const prepared = [{ name: "models", labels: {}, managers: [] }];
    expect(verdict("podSecurity", facts({ nodes: nodesOf("rke2"), namespaces: prepared }), adopting)).toEqual({
      status: "warning",
      found: "namespace models has no level, and a hardened RKE2 (profile: cis) then enforces restricted",
      needed: "level privileged in models",
      fix: "kubectl label namespace models pod-security.kubernetes.io/enforce=privileged --overwrite, or install Istio's CNI plugin, with which sidecars need no rights",
    });
    expect(verdict("podSecurity", facts({ nodes: nodesOf("k3s"), namespaces: prepared }), adopting).status).toBe(
      "passed",
    );
    const talos = nodesOf("k3s").map((node) => ({
      ...node,
      nodeInfo: { ...node.nodeInfo, osImage: "Talos (v1.12.1)", kubeletVersion: "v1.35.4" },
    }));
    expect(verdict("podSecurity", facts({ nodes: talos, namespaces: prepared }), adopting)).toMatchObject({
      status: "warning",
      found: "namespace models has no level, and Talos then enforces baseline",
    });
    const created = needs({ systems: adopting.systems, modelNamespace: { name: "models", mode: "create" } });
    expect(verdict("podSecurity", facts({ nodes: nodesOf("rke2") }), created).status).toBe("passed");
  });

  it("may be decided by somebody else", () => {
    const definitions = [{ name: "clusterpolicies.kyverno.io", versions: ["v1"], managers: ["helm"] }];
    expect(verdict("podSecurity", facts({ definitions }), operator)).toEqual({
      status: "warning",
      found: "Kyverno decides what is admitted",
      needed: "level privileged in gpu-operator",
      fix: "Exempt these namespaces from its rules on privileged pods and capabilities.",
    });
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
