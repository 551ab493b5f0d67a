import type {
  Policies,
  PolicyConfigSchema,
  ReportViolation,
  ResourceValidation,
  ResourceValidationPolicy,
  StackValidation,
  StackValidationPolicy,
} from "@pulumi/policy";
import { dayOf, type Exemption, exemptionOf, expiredNote, isExpired } from "../components/core/exemption.ts";

/** The configuration of every policy of the pack, beside its level. */
export interface ExemptingConfig {
  /** The exemptions of the environment from this policy. @default none */
  readonly exemptions?: readonly Exemption[];
}

/**
 * A policy that says nothing of what the environment has exempted. `serin plan` asks for no exemptions here and marks
 * the findings itself, by the same function, because it shows them.
 */
export function exempting(policy: Policies[number]): Policies[number] {
  const own = { ...policy, configSchema };
  if ("validateStack" in policy) {
    const { name, validateStack } = policy as StackValidationPolicy;
    const validate: StackValidation = (args, report) => {
      const stack = () => args.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.urn ?? "";
      return validateStack(args, unlessExempted(name, args.getConfig<ExemptingConfig>(), stack, report));
    };
    // The type that the SDK skips other stacks by is a property of the function.
    return { ...own, validateStack: Object.assign(validate, validateStack) };
  }
  const { name, validateResource } = policy as ResourceValidationPolicy;
  const wrapped = (Array.isArray(validateResource) ? validateResource : [validateResource]).flatMap((one) => {
    if (one === undefined) return [];
    const validate: ResourceValidation = (args, report) =>
      one(
        args,
        unlessExempted(name, args.getConfig<ExemptingConfig>(), () => args.urn, report),
      );
    return [Object.assign(validate, one)];
  });
  return { ...own, validateResource: wrapped.length === 1 && wrapped[0] !== undefined ? wrapped[0] : wrapped };
}

const configSchema: PolicyConfigSchema = { properties: { exemptions: { type: "array", items: { type: "object" } } } };

function unlessExempted(
  policy: string,
  { exemptions = [] }: ExemptingConfig,
  standard: () => string,
  report: ReportViolation,
): ReportViolation {
  if (exemptions.length === 0) return report;
  const day = dayOf(new Date());
  return (message, urn) => {
    const exemption = exemptionOf(exemptions, { policy, urn: urn ?? standard() }, day);
    if (exemption === undefined) report(message, urn);
    else if (isExpired(exemption, day)) report(`${message} ${expiredNote(exemption)}`, urn);
  };
}
