import { defineCheck, failed, few, passed } from "../check.ts";
import type { ClusterContents, DaemonSetFacts } from "../clusterFacts.ts";

/** DaemonSets of networks that enforce policies; `kindnet` does since kind 0.24. */
const enforcers: readonly (readonly [RegExp, string])[] = [
  [/^cilium$/, "Cilium"],
  [/^(calico-node|rke2-canal|canal|rke2-calico-node)$/, "Calico"],
  [/^antrea-agent$/, "Antrea"],
  [/^anetd$/, "GKE Dataplane V2"],
  [/^kube-router$/, "kube-router"],
  [/^ovnkube-node/, "OVN-Kubernetes"],
  [/^azure-npm$/, "Azure NPM"],
  [/^kindnet$/, "kindnet"],
];

/** The network enforces NetworkPolicies. One that nothing enforces gives false security. */
export const networkPolicy = defineCheck({
  name: "networkPolicy",
  title: "network policy",
  madeBy: "cluster",
  reads: ["daemonSets", "nodes"],
  unneeded: (needs) => (needs.networkPolicy === "unenforced" ? "declared as unenforced" : undefined),
  needed: () => "a network that enforces policies",
  compare: (seen) => {
    const enforcer = enforcerOf(seen);
    if (enforcer !== undefined) return passed(enforcer);
    const network = seen.daemonSets
      .map(({ name }) => name)
      .filter((name) => /flannel|aws-node|weave|azure-cns|ip-masq/.test(name));
    return failed(
      network.length === 0 ? "none is known here" : `${few(network)} enforces none`,
      network.includes("aws-node")
        ? "Turn on the VPC CNI add-on's network policy agent (enableNetworkPolicy), or install Cilium or Calico."
        : 'Install Cilium, Calico or another that enforces them, or declare networkPolicy: "unenforced".',
    );
  },
});

function enforcerOf({ daemonSets, nodes }: Pick<ClusterContents, "daemonSets" | "nodes">): string | undefined {
  for (const set of daemonSets) {
    const known = enforcers.find(([pattern]) => pattern.test(set.name))?.[1];
    if (known !== undefined) return known;
    if (set.name === "aws-node" && isAgentOn(set)) return "VPC CNI with its network policy agent";
  }
  // k3s has kube-router's controller inside, unless told otherwise, which the API does not show.
  return nodes.some(({ nodeInfo }) => nodeInfo.kubeletVersion.includes("+k3s")) ? "k3s" : undefined;
}

function isAgentOn({ containers }: DaemonSetFacts): boolean {
  return containers.some(({ args }) => args.includes("--enable-network-policy=true"));
}
