import type { Exemption } from "../../../components/core/exemption.ts";
import type { PlanReport } from "../../../plan/formats/planReport.ts";
import type { Change } from "../../../plan/planDocument.ts";
import type { PolicyFinding, PolicySummary } from "../../../plan/policies/policyResult.ts";
import { dev } from "../../../stacks/environments/dev.ts";
import type { Environment } from "../../../stacks/environments/environment.ts";
import { memoryPlan, noPolicies, services } from "../memoryPlan.ts";

const exemption: Exemption = {
  policy: "image-require-digest",
  resource: "urn:pulumi:dev-models::serin::kubernetes:core/v1:Pod::fraud",
  owner: "payments",
  reason: "the vendor signs from April on",
  ticket: "OPS-7",
  expires: "2027-03-31",
};

export const urn = (name: string) =>
  `urn:pulumi:dev-models::serin::serin:model:ModelDeployment$kubernetes:core/v1:Pod::dc-lab-${name}`;

export function finding(change: Partial<PolicyFinding> = {}): PolicyFinding {
  return {
    policy: "image-require-digest",
    severity: "high",
    enforcement: "mandatory",
    status: "violation",
    urn: urn("fraud"),
    message: "no digest.",
    ...change,
  };
}

/** One finding of each outcome. */
export const findings: readonly PolicyFinding[] = [
  finding(),
  finding({ enforcement: "advisory", urn: urn("resnet50"), message: "no digest, again." }),
  finding({ status: "undetermined", message: "spec: known only after the deployment." }),
  finding({ status: "exempted", exemption, message: "a tag." }),
];

const policy: PolicySummary = {
  policy: "image-require-digest",
  kind: "resource",
  displayName: "Images are pinned by digest",
  description: "Every image names its content.",
  severity: "high",
  enforcement: "mandatory",
  remediationSteps: "Write the digest.",
  url: "https://kubernetes.io/docs/concepts/containers/images/",
  passed: 1,
  violated: 2,
  undetermined: 1,
  exempted: 1,
  notApplicable: 3,
};

/** A plan of `dev` with these findings, and exemptions of every use. */
export function reportOf(
  found: readonly PolicyFinding[] = findings,
  { changes, environment = dev }: { readonly changes?: readonly Change[]; readonly environment?: Environment } = {},
): PlanReport {
  const plan = memoryPlan(services({ fraud: { spec: {} } }));
  const [stack] = plan.stacks;
  if (stack === undefined) throw new Error("the plan has no stack");
  const counts = {
    passed: 1,
    mandatoryViolations: 1,
    advisoryViolations: 1,
    undetermined: 1,
    exempted: 1,
    notApplicable: 3,
  };
  const quiet = { ...policy, policy: "gpu-require-limits-only" };
  return {
    environment,
    plan: {
      ...plan,
      stacks: [{ ...stack, policies: { ...noPolicies, counts, findings: found, policies: [policy, quiet] } }],
      exemptions: [
        { ...exemption, use: "used" },
        { ...exemption, resource: urn("toxic"), use: "unused" },
        { ...exemption, resource: urn("ranker"), use: "expired" },
      ],
    },
    ...(changes === undefined ? {} : { changes }),
    declaredAt: () => ({ file: "stacks/environments/dev.ts", line: 26 }),
  };
}
