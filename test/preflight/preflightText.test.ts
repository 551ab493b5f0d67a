import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { exitCodes, type ProblemError } from "../../components/core/problem.ts";
import { type ClusterReport, rejectFailures } from "../../preflight/preflight.ts";
import { preflightText } from "../../preflight/preflightText.ts";

const reports: ClusterReport[] = [
  {
    cluster: "dc-lab",
    server: "https://10.0.0.1:6443",
    version: "v1.35.4+rke2r1",
    checks: [
      { check: "pools", title: "GPU pools", status: "passed", found: "l4: 2 nodes", needed: "l4: 2 L4 nodes" },
      {
        check: "memory",
        title: "memory",
        status: "failed",
        found: "lab-1 has 15.1 GiB",
        needed: "at least 32 GiB on each GPU node, 28.8 as reported",
        fix: "Take larger nodes; for a node that is large enough for you, declare the pool as it is",
      },
      {
        check: "ingress",
        title: "ingress",
        status: "notApplicable",
        found: "no gateway is installed",
        needed: "nothing",
      },
    ],
  },
  {
    cluster: "aws-use1",
    notLookedAt: "stack prod-cluster has not made it yet",
    checks: [
      {
        check: "registries",
        title: "registries",
        status: "warning",
        found: "getaddrinfo ENOTFOUND nvcr.io",
        needed: "1 image",
        fix: "Look",
      },
    ],
  },
];
const quota = [
  {
    cloud: "aws",
    region: "us-east-1",
    quota: "Running On-Demand G and VT instances (L-DB2E81BA)",
    needed: 64,
    unit: "vCPU",
  },
] as const;

const accounts = [
  {
    cloud: "Azure",
    rule: "encryption-at-host",
    says: "The subscription has the feature EncryptionAtHost of Microsoft.Compute registered.",
    command: "az feature register --namespace Microsoft.Compute --name EncryptionAtHost",
  },
] as const;

it("shows quotas, then what accounts need, then each cluster, with what to do beside what did not pass, in eighty columns", () => {
  const text = stripVTControlCharacters(preflightText(reports, { quota, accounts }, 80));
  expect(text).toBe(`Quota the clusters need at their most
  aws  us-east-1  64 vCPU  Running On-Demand G and VT instances (L-DB2E81BA)

Before the first up, once for each account
  Azure: The subscription has the feature EncryptionAtHost of Microsoft.Compute
    registered.
    az feature register --namespace Microsoft.Compute --name EncryptionAtHost

dc-lab  https://10.0.0.1:6443  v1.35.4+rke2r1
  ✓ passed      GPU pools         l4: 2 nodes
  ✗ failed      memory            lab-1 has 15.1 GiB
                                  needed: at least 32 GiB on each GPU node, 28.8
                                  as reported
                                  Take larger nodes; for a node that is large
                                  enough for you, declare the pool as it is
  – not needed  ingress           no gateway is installed

aws-use1
  ? not looked at: stack prod-cluster has not made it yet
  ! warning     registries        getaddrinfo ENOTFOUND nvcr.io
                                  needed: 1 image
                                  Look

dc-lab: 1 passed, 1 failed, 0 warnings
aws-use1: not looked at, 0 failed, 1 warning`);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

it("leaves words that are longer than a line whole, to be copied", () => {
  const long = "x".repeat(100);
  const [{ checks: _, ...cluster }] = reports as [ClusterReport];
  const check = { check: "a", title: "a", status: "passed", found: `say ${long} now`, needed: "" } as const;
  expect(preflightText([{ ...cluster, checks: [check] }], { quota: [], accounts: [] }, 80)).toContain(
    `\n${" ".repeat(34)}${long}\n`,
  );
});

it("rejects failures alone, each with its cluster, what is needed and what to do", () => {
  const rejected = () => rejectFailures("Nothing was changed", reports);
  expect(rejected).toThrow(
    "Nothing was changed:\n  - dc-lab, memory: lab-1 has 15.1 GiB. Needed: at least 32 GiB on each GPU node, 28.8 as reported. Take larger nodes; for a node that is large enough for you, declare the pool as it is.",
  );
  try {
    rejected();
  } catch (error) {
    expect((error as ProblemError).exitCode).toBe(exitCodes.preflight);
    expect((error as ProblemError).problems).toHaveLength(1);
  }
  rejectFailures("Nothing was changed", reports.slice(1));
});
