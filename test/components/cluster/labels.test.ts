import { describe, expect, it } from "vitest";
import { clusterLabelProblems, nodeLabelProblems } from "../../../components/cluster/labels.ts";
import type { Problem } from "../../../components/core/problem.ts";

const spoken = (problems: readonly Problem[]) =>
  problems.map(({ path, reason, fix }) => [`${path}:`, reason, fix].join(" "));

describe("labels of a cluster", () => {
  const said = (labels: Record<string, string>) => spoken(clusterLabelProblems("labels", labels));

  it("are legal on every cloud at once", () => {
    expect(said({ "cost-center": "4711", team_1: "", a: "x".repeat(63) })).toEqual([]);
    expect(said({ "example.com/team": "fraud", Team: "x", "1st": "x", "end-": "x" })).toHaveLength(4);
    expect(said({ "Cost Center": "4711" })).toEqual([
      'labels["Cost Center"]: "Cost Center" cannot be a label on every cloud: 1 to 63 of a-z, 0-9, "-" and "_", first a letter, last no sign. Write, for example, "cost-center".',
    ]);
    expect(said({ team: "Fraud & Risk" })).toEqual([
      'labels["team"]: "Fraud & Risk" cannot be a label\'s value on every cloud: at most 63 of a-z, 0-9, "-" and "_", no sign first or last. Write, for example, "team-fraud".',
    ]);
  });

  it("do not begin like those of a cloud or of ours", () => {
    expect(said({ "goog-managed": "x" })).toEqual([
      'labels["goog-managed"]: labels that begin with "goog" are reserved. Choose another beginning.',
    ]);
    expect(said({ "serin-cluster": "x", "azure-region": "x", awsomething: "x" })).toHaveLength(3);
  });

  it("leave room for others", () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, "x"]));
    expect(said(many(40))).toEqual([]);
    expect(said(many(41))).toEqual([
      "labels: there are 41, but AWS and Azure tag a resource with 50 at most, some of them ours. Keep 40 at most.",
    ]);
  });
});

describe("labels of nodes", () => {
  const said = (labels: Record<string, string>) => spoken(nodeLabelProblems("labels", labels));

  it("are legal in Kubernetes", () => {
    expect(said({ "example.com/team": "Fraud.1", tier: "", A_b: "x" })).toEqual([]);
    expect(said({ "exa mple/team": "x" })).toEqual([
      'labels["exa mple/team"]: "exa mple/team" is not a Kubernetes label\'s key: a name of 1 to 63 of A-Z, a-z, 0-9, "-", "_" and ".", before it a domain and "/" if wanted. Write, for example, "example.com/team".',
    ]);
    expect(said({ "a/b/c": "x", "/a": "x", "a/": "x", "-a": "x", ["x".repeat(64)]: "x" })).toHaveLength(5);
    expect(said({ team: "-" })).toEqual([
      'labels["team"]: "-" is not a Kubernetes label\'s value: at most 63 of A-Z, a-z, 0-9, "-", "_" and ".", no sign first or last. Write, for example, "fraud".',
    ]);
  });

  it("leave alone what others set and read", () => {
    expect(said({ "nvidia.com/gpu": "x" })).toEqual([
      'labels["nvidia.com/gpu"]: "nvidia.com" is reserved: its labels are set by who reads them. Choose a domain of your own.',
    ]);
    expect(
      said({
        "serin.dev/gpu-class": "x",
        "node.kubernetes.io/instance-type": "x",
        "k8s.amazonaws.com/accelerator": "x",
        "kubernetes.azure.com/mode": "x",
        "cloud.google.com/gke-accelerator": "x",
        accelerator: "x",
      }),
    ).toHaveLength(6);
    expect(said({ "notnvidia.com/gpu": "x" })).toEqual([]);
  });
});
