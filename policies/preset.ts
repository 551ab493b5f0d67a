import type { EnforcementLevel, Policy } from "@pulumi/policy";

/** Where a person tries things out: a policy says what it thinks, and does not stand in the way. */
const advisoryEnvironments: readonly string[] = ["local", "dev"];

/** What no environment may do, because Kubernetes itself refuses it or the harm is done at once. */
const alwaysMandatory: readonly string[] = ["gpu-require-limits-only"];

/**
 * How strictly each policy is enforced in an environment: `mandatory`, except `advisory` in `local` and `dev`.
 *
 * The level belongs to a policy, not to a violation: the SDK fixes it before a rule sees its first resource, so it cannot be
 * derived from a URN. It is therefore the pack's initial configuration, chosen by the environment in the name of the stack;
 * `--policy-pack-config` overrides it. Without a stack (`pulumi policy analyze`) and in an environment nobody has named
 * here, everything is mandatory: forgetting something must not weaken a policy.
 */
export function preset(
  environment: string | undefined,
  policies: readonly Pick<Policy, "name">[],
): Record<string, EnforcementLevel> {
  const advises = environment !== undefined && advisoryEnvironments.includes(environment);
  return Object.fromEntries(
    policies.map(({ name }) => [name, advises && !alwaysMandatory.includes(name) ? "advisory" : "mandatory"]),
  );
}
