import type { RuleBook } from "../ruleBook.ts";

/** What clusters that exist already refuse, keep, or need. No declaration breaks it, since none names an installer. */
export const onPremRuleBook = {
  openshift: {
    kind: "refuses",
    says: "OpenShift refuses what Istio, Prometheus and the GPU operator install from their charts: pods may not change their network, mount host paths or choose their user. There these systems are adopted.",
    source: 'Istio documentation, "OpenShift"; NVIDIA/cloud-native-docs `openshift/introduction.rst`',
  },
  "service-lb-ports": {
    kind: "refuses",
    says: "ServiceLB of k3s gives a port of a node to one Service. On a default k3s ports 80 and 443 are Traefik's, and the gateway waits for ever.",
    source: "k3s-io/k3s #1969",
  },
  "hardened-rke2": {
    kind: "refuses",
    says: "RKE2 with `profile: cis` enforces the Pod Security level `restricted` in every namespace without a level. The platform's namespaces have one; a namespace of your own for the models gets `privileged`.",
    source: 'rancher/rke2-docs, "CIS Hardening Guide"',
  },
  talos: {
    kind: "refuses",
    says: "Talos enforces `baseline` in every namespace without a level, which refuses the sidecar's init container. A namespace of your own for the models gets `privileged`.",
    source: 'Talos documentation, "Pod Security"',
  },
  "annotation-limit": {
    kind: "refuses",
    says: "`kubectl apply` without `--server-side` keeps the whole object in an annotation, which holds 262,144 bytes. Several custom resource definitions of the platform are larger.",
    source: "prometheus-community/helm-charts #1500",
  },
  "image-auto": {
    kind: "keeps",
    says: "A gateway pod that was made before istiod's injector answered keeps `image: auto`, and never starts. Argo CD and Flux apply webhooks after Deployments.",
    source: "istio/istio #53290, #46307",
  },
  "driver-packages": {
    kind: "needs",
    says: "A driver that the GPU operator installs is built on each node, from packages of the distribution. A site without the internet has a mirror of them (`driverPackages`), or nodes with their driver.",
    source: "NVIDIA/cloud-native-docs `gpu-operator/install-gpu-operator-air-gapped.rst`",
  },
} as const satisfies RuleBook;
