import type { EnforcementLevel, Policy } from "@pulumi/policy";
import type { Exemption } from "../components/core/exemption.ts";
import type { ExemptingConfig } from "./exempting.ts";

/** Environments for trials: a violation is reported and stops nothing. */
const advisoryEnvironments: readonly string[] = ["local", "dev"];

/** Policies that are mandatory everywhere: Kubernetes itself refuses what they find, or the harm is immediate. */
const alwaysMandatory: readonly string[] = ["gpu-require-limits-only"];

/**
 * Policies that advise everywhere, until a pack's configuration makes them mandatory: what they ask for cannot be
 * declared before the files are there.
 */
const alwaysAdvisory: readonly string[] = ["model-require-digest"];

/**
 * The enforcement level of each policy in an environment: `mandatory`, except `advisory` in `local` and `dev`, and for
 * what is advised everywhere.
 *
 * The SDK fixes the level of a policy before a rule sees its first resource, so the level cannot follow from a URN. It
 * is the pack's initial configuration, chosen by the environment in the stack's name; `--policy-pack-config` overrides
 * it. Without a stack (`pulumi policy analyze`), and in an environment that is not listed here, every policy is
 * mandatory: an omission must not weaken a policy. A policy that the environment has exemptions from is given them.
 */
export function preset(
  environment: string | undefined,
  policies: readonly Pick<Policy, "name">[],
  exemptions: readonly Exemption[] = [],
): Record<string, EnforcementLevel | (ExemptingConfig & { readonly enforcementLevel: EnforcementLevel })> {
  const advises = environment !== undefined && advisoryEnvironments.includes(environment);
  return Object.fromEntries(
    policies.map(({ name }) => {
      const advised = alwaysAdvisory.includes(name) || (advises && !alwaysMandatory.includes(name));
      const enforcementLevel = advised ? "advisory" : "mandatory";
      const own = exemptions.filter(({ policy }) => policy === name);
      return [name, own.length === 0 ? enforcementLevel : { enforcementLevel, exemptions: own }];
    }),
  );
}
