import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AksDeclaration } from "../../../components/cluster/aks/aksArgs.ts";
import { clouds } from "../../../components/cluster/clouds.ts";
import type { EksDeclaration } from "../../../components/cluster/eks/eksArgs.ts";
import type { GkeDeclaration } from "../../../components/cluster/gke/gkeArgs.ts";
import type { OnPremClusterArgs } from "../../../components/cluster/onPrem/onPremArgs.ts";
import { accountSteps, type CloudFact } from "../../../components/cluster/ruleBook.ts";
import * as aks from "./aks/sample.ts";
import * as eks from "./eks/sample.ts";
import * as gke from "./gke/sample.ts";
import * as onPrem from "./onPrem/sample.ts";

/** A sound cluster of each cloud, and for each fact that a declaration can break, one that breaks it and nothing else. */
const examples = {
  aws: {
    sound: eks.sampleArgs as EksDeclaration,
    broken: {
      "vpc-blocks-of-10.0": { cidr: "10.0.16.0/20" },
      "zones-without-eks": { region: "us-west-1" },
      "labels-of-node-groups": {
        gpuPools: {
          l4: { machine: "g6.2xlarge", min: 0, max: 1, labels: { team: "", [`${"a".repeat(60)}.io/team`]: "x" } },
        },
      },
      "public-endpoint-blocks": {
        endpoint: { kind: "public", cidrs: Array.from({ length: 41 }, (_, index) => `203.0.113.${index}/32`) },
      },
      "one-connection-to-a-network": {
        peerings: {
          office: { vpc: "vpc-0123456789abcdef0", cidrs: ["10.8.0.0/16"] },
          tools: { vpc: "vpc-0123456789abcdef0", cidrs: ["10.9.0.0/16"] },
        },
      },
    },
  },
  azure: {
    sound: aks.sampleArgs as AksDeclaration,
    broken: {
      "region-of-the-api-server": { region: "qatarcentral" },
      "machines-of-reservations": {
        gpuPools: { h100: { machine: "Standard_NC40ads_H100_v5", min: 0, max: 1, purchase: aks.reserved } },
      },
      "places-of-reservations": {
        gpuPools: {
          t4: { machine: "Standard_NC8as_T4_v3", min: 0, max: 1, placement: "compact", purchase: aks.reserved },
        },
      },
      "nodes-of-a-pool": { gpuPools: { t4: { machine: "Standard_NC8as_T4_v3", min: 0, max: 1001 } } },
      "one-peering-with-a-network": {
        peerings: { runners: aks.network("runners"), tools: aks.network("Runners") },
      },
      "nodes-version": { kubernetesVersion: "1.35", nodesVersion: "1.36" },
      "arm64-system-machine": { systemMachine: "Standard_D4pds_v5" },
      "generation-1-system-machine": { systemMachine: "Standard_D4_v3" },
      "small-system-machine": { systemMachine: "Standard_B4ms" },
    },
  },
  gcp: {
    sound: gke.sampleArgs as GkeDeclaration,
    broken: {
      "purchase-of-a-machine": { gpuPools: { h100: { machine: "a3-highgpu-1g", min: 0, max: 1 } } },
      "rdma-of-compact-pools": {
        gpuPools: {
          b200: {
            machine: "a4-highgpu-8g",
            min: 0,
            max: 1,
            purchase: { kind: "reserved", reservation: "b200" },
            zones: ["europe-west4-a"],
            placement: "compact",
          },
        },
      },
    },
  },
  onPrem: { sound: onPrem.sampleArgs as OnPremClusterArgs, broken: {} },
} as Readonly<Record<string, { sound: object; broken: Readonly<Record<string, object>> }>>;

/** For each fact about the name of a cluster in the cloud, one that breaks it. */
const brokenNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws: { "names-of-trails": "prod-us--east" },
  azure: { "reserved-words": "prod-windows" },
  gcp: { "names-of-buckets": "prod-google" },
};

type Facts = Readonly<Record<string, CloudFact<object>>>;

describe.each(Object.entries(clouds))("the rule book of %s", (cloud, { ruleBook }) => {
  const facts = ruleBook as unknown as Facts;
  const { sound, broken } = examples[cloud] ?? { sound: {}, broken: {} };
  const breakable = Object.keys(facts).filter((name) => facts[name]?.problems !== undefined);

  it("has an example here of each fact that a declaration can break", () => {
    expect(Object.keys(broken).sort()).toEqual(breakable.sort());
  });

  it("accepts a sound cluster", () => {
    expect(breakable.flatMap((name) => facts[name]?.problems?.(sound) ?? [])).toEqual([]);
  });

  it.each(Object.entries(broken))("refuses what breaks %s", (name, changes) => {
    const problems = facts[name]?.problems?.({ ...sound, ...changes }) ?? [];
    expect(problems.length).toBeGreaterThan(0);
    for (const { path, fix } of problems) expect([path.length > 0, (fix ?? "").length > 0]).toEqual([true, true]);
  });

  it("has an example here of each fact that a name can break", () => {
    const ofNames = Object.keys(facts).filter((name) => facts[name]?.refusesName !== undefined);
    expect(Object.keys(brokenNames[cloud] ?? {})).toEqual(ofNames);
    for (const fact of ofNames) expect(facts[fact]?.refusesName?.("prod-eu")).toBeUndefined();
  });

  it.each(Object.entries(brokenNames[cloud] ?? {}))("refuses a name that breaks %s, in a sentence", (fact, name) => {
    expect(facts[fact]?.refusesName?.(name)).toMatch(/^[a-z].*\.$/);
  });

  it("says each fact in sentences, with its source, and each command on one line", () => {
    for (const { says, source } of Object.values(facts)) {
      expect(says).toMatch(/^[A-Z0-9`].*\.$/);
      expect(source).toMatch(/\S{3,}/);
    }
    for (const { command } of accountSteps(cloud, ruleBook as never, sound as never)) {
      expect(command).not.toContain("\n");
    }
  });
});

describe("a pool that a change replaces", () => {
  // Clouds whose pools are made here: the old one is deleted by the same run, with the models on it.
  const making = Object.values(clouds).filter(({ adopted }) => !adopted);

  it.each(making.map(({ rules, ruleBook }) => [rules.service, ruleBook as Facts] as const))(
    "is said on %s to take its models down, with the way to avoid it",
    (service, facts) => {
      expect(facts["deleted-pool"]?.says).toMatch(/^When a node (pool|group) is deleted, .*PodDisruptionBudget/);
      const page = readFileSync(`docs/clusters/${service.toLowerCase()}.md`, "utf8");
      const row = page.split("\n").find((line) => /^\| (a )?pool.*`machine`.*\|.*then the old one goes/.test(line));
      const [, link = ""] = /then the old one goes: \[[^\]]*\boutage\b[^\]]*\]\(#([a-z-]+)\)/.exec(row ?? "") ?? [];
      const heading = page.split("\n").findIndex((line) => slug(line) === link);
      expect(heading, `${row}`).toBeGreaterThan(0);
      const rest = page.split("\n").slice(heading + 1);
      const section = rest
        .slice(
          0,
          rest.findIndex((line) => line.startsWith("## ")),
        )
        .join("\n");
      expect(section).toMatch(/kubectl drain -l \S+=<old (pool|group)> --ignore-daemonsets --delete-emptydir-data/);
    },
  );
});

/** The anchor of a heading. Undefined for another line. */
function slug(line: string): string | undefined {
  return /^#+ (.*)$/.exec(line)?.[1]?.toLowerCase().replaceAll(" ", "-");
}
