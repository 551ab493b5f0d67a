import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { expect, it } from "vitest";
import type { Exemption } from "../../components/core/exemption.ts";
import { declaredExemptions } from "../../policies/declaredExemptions.ts";
import { exempting } from "../../policies/exempting.ts";
import { preset } from "../../policies/preset.ts";
import { policies } from "../../policies/registry.ts";

const urn = "urn:pulumi:prod-models-aws-use1::serin::kubernetes:core/v1:Pod::aws-use1-fraud";
const exemption: Exemption = {
  policy: "pod-forbid-all",
  resource: "urn:pulumi:prod-models::serin::kubernetes:core/v1:Pod::*-fraud",
  owner: "payments",
  reason: "the vendor signs from April on",
  ticket: "OPS-7",
  expires: "9999-12-31",
};

function judged(exemptions: readonly Exemption[], about = urn): string[] {
  const said: string[] = [];
  const policy = exempting({
    name: "pod-forbid-all",
    description: "No pods.",
    validateResource: (_, report) => report("a pod."),
  });
  if (!("validateResource" in policy) || typeof policy.validateResource !== "function") throw new Error("no rule");
  policy.validateResource(
    { urn: about, getConfig: () => ({ exemptions }) } as never as ResourceValidationArgs,
    (text) => said.push(text),
  );
  return said;
}

it("keeps silent in a deployment about what a plan shows as exempted, until the last day is over", () => {
  expect(judged([])).toEqual(["a pod."]);
  expect(judged([exemption])).toEqual([]);
  expect(judged([exemption], urn.replace("fraud", "toxic"))).toEqual(["a pod."]);
  expect(judged([{ ...exemption, policy: "pod-forbid-some" }])).toEqual(["a pod."]);
  expect(judged([{ ...exemption, expires: "2020-03-31" }])).toEqual([
    "a pod. Its exemption (payments, OPS-7) ended with 2020-03-31.",
  ]);
});

it("exempts the stack, or a resource of it, from a rule about the whole stack", () => {
  const stack = "urn:pulumi:prod-models-aws-use1::serin::pulumi:pulumi:Stack::serin-prod-models-aws-use1";
  const said: (string | undefined)[] = [];
  const policy = exempting({
    name: "pod-forbid-all",
    description: "No pods.",
    validateStack: (_, report) => {
      report("a stack.");
      report("a pod.", urn);
    },
  });
  if (!("validateStack" in policy)) throw new Error("no rule");
  const judge = (resource: string) => {
    said.length = 0;
    const args = {
      resources: [{ type: "pulumi:pulumi:Stack", urn: stack }],
      getConfig: () => ({ exemptions: [{ ...exemption, resource }] }),
    };
    policy.validateStack(args as never as StackValidationArgs, (text) => said.push(text));
    return [...said];
  };
  expect(judge("urn:pulumi:prod-models::serin::pulumi:pulumi:Stack::serin-prod-models")).toEqual(["a pod."]);
  expect(judge(exemption.resource)).toEqual(["a stack."]);
});

it("keeps what the SDK reads of a rule, so that stacks without its type are skipped", () => {
  const typeOf = (rule: unknown) => (rule as { __pulumiType?: string }).__pulumiType;
  for (const policy of policies) {
    const wrapped = exempting(policy) as unknown as Record<string, unknown>;
    for (const kind of ["validateResource", "validateStack"]) {
      expect(typeOf(wrapped[kind] ?? {})).toBe(typeOf((policy as unknown as typeof wrapped)[kind] ?? {}));
      expect(typeof wrapped[kind]).toBe(typeof (policy as unknown as typeof wrapped)[kind]);
    }
  }
});

it("is given to the policy that it is from, beside its level", () => {
  const levels = preset("prod", [{ name: "pod-forbid-all" }, { name: "pod-forbid-some" }], [exemption]);
  expect(levels).toEqual({
    "pod-forbid-all": { enforcementLevel: "mandatory", exemptions: [exemption] },
    "pod-forbid-some": "mandatory",
  });
});

it("is read from the project above the pack; without a project there is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "serin-project-"));
  try {
    const pack = join(folder, "node_modules", "serin", "dist", "policies");
    mkdirSync(pack, { recursive: true });
    expect(await declaredExemptions("prod", pack)).toEqual([]);
    mkdirSync(join(folder, "stacks", "environments"), { recursive: true });
    writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\n");
    const environments = { prod: { exemptions: [exemption] }, dev: {} };
    writeFileSync(
      join(folder, "stacks", "environments", "index.ts"),
      `export const environments = ${JSON.stringify(environments)};`,
    );
    expect(await declaredExemptions("prod", pack)).toEqual([exemption]);
    expect(await declaredExemptions("dev", pack)).toEqual([]);
    expect(await declaredExemptions("toString", pack)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
