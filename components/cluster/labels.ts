import type { Problem } from "../core/problem.ts";

/** Legal as a Kubernetes label, an AWS or Azure tag and a Google Cloud label at once. */
const clusterKey = /^[a-z]([a-z0-9_-]{0,61}[a-z0-9])?$/;
const clusterValue = /^([a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)?$/;

/** Beginnings that a cloud keeps for itself, and ours. */
const reservedBeginnings = ["aws", "azure", "microsoft", "windows", "goog", "kubernetes", "serin"];

/** AWS and Azure allow 50 tags; the rest is for the cloud's and ours. */
const mostLabels = 40;

/** Problems of a cluster's labels. */
export function clusterLabelProblems(path: string, labels: Readonly<Record<string, string>>): Problem[] {
  const count = Object.keys(labels).length;
  return [
    ...(count <= mostLabels
      ? []
      : [
          {
            path,
            reason: `there are ${count}, but AWS and Azure tag a resource with 50 at most, some of them ours.`,
            fix: `Keep ${mostLabels} at most.`,
          },
        ]),
    ...Object.entries(labels).flatMap(([key, value]) => {
      const at = `${path}["${key}"]`;
      const reserved = reservedBeginnings.find((beginning) => key.startsWith(beginning));
      const problems: Problem[] = [];
      if (!clusterKey.test(key)) {
        problems.push({
          path: at,
          reason: `"${key}" cannot be a label on every cloud: 1 to 63 of a-z, 0-9, "-" and "_", first a letter, last no sign.`,
          fix: 'Write, for example, "cost-center".',
        });
      } else if (reserved !== undefined) {
        problems.push({
          path: at,
          reason: `labels that begin with "${reserved}" are reserved.`,
          fix: "Choose another beginning.",
        });
      }
      if (!clusterValue.test(value)) {
        problems.push({
          path: at,
          reason: `"${value}" cannot be a label's value on every cloud: at most 63 of a-z, 0-9, "-" and "_", no sign first or last.`,
          fix: 'Write, for example, "team-fraud".',
        });
      }
      return problems;
    }),
  ];
}

const nodeName = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const nodeValue = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const nodePrefix = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Whether a text can be the key of a Kubernetes label: a name, before it a domain and a slash if wanted. */
export function isLabelKey(key: string): boolean {
  const [name = "", prefix, ...rest] = key.split("/").reverse();
  const fits = prefix === undefined || (nodePrefix.test(prefix) && prefix.length <= 253);
  return nodeName.test(name) && fits && rest.length === 0;
}

/** Whether a text can be the value of a Kubernetes label. */
export function isLabelValue(value: string): boolean {
  return nodeValue.test(value);
}

/**
 * Domains whose labels the kubelet, the clouds, NVIDIA's operands or this project set themselves; those below them,
 * too.
 */
const reservedDomains = [
  "serin.dev",
  "nvidia.com",
  "kubernetes.io",
  "k8s.io",
  "amazonaws.com",
  "k8s.aws",
  "karpenter.sh",
  "azure.com",
  "cloud.google.com",
  "gke.io",
];

/** Without a domain, but set by AKS and read by its autoscaler (kubernetes/autoscaler `azure_cloud_provider.go`). */
const reservedNames = ["accelerator", "agentpool"];

/** Problems of the labels of a pool's nodes. */
export function nodeLabelProblems(path: string, labels: Readonly<Record<string, string>>): Problem[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const at = `${path}["${key}"]`;
    const problems: Problem[] = [];
    const [name = "", prefix] = key.split("/").reverse();
    const prefixed = prefix !== undefined;
    if (!isLabelKey(key)) {
      problems.push({
        path: at,
        reason: `"${key}" is not a Kubernetes label's key: a name of 1 to 63 of A-Z, a-z, 0-9, "-", "_" and ".", before it a domain and "/" if wanted.`,
        fix: 'Write, for example, "example.com/team".',
      });
    } else if (
      prefixed
        ? reservedDomains.some((domain) => prefix === domain || prefix.endsWith(`.${domain}`))
        : reservedNames.includes(name)
    ) {
      problems.push({
        path: at,
        reason: `"${prefixed ? prefix : name}" is reserved: its labels are set by who reads them.`,
        fix: "Choose a domain of your own.",
      });
    }
    if (!isLabelValue(value)) {
      problems.push({
        path: at,
        reason: `"${value}" is not a Kubernetes label's value: at most 63 of A-Z, a-z, 0-9, "-", "_" and ".", no sign first or last.`,
        fix: 'Write, for example, "fraud".',
      });
    }
    return problems;
  });
}
