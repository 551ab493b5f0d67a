import type { ResourceValidation, ResourceValidationArgs, StackValidation } from "@pulumi/policy";
import type { Problem } from "../components/core/problem.ts";

/** Takes one violation. */
export type Report = (problem: Problem) => void;

/**
 * A type with every level optional. Values come from programs, charts and files that no schema has checked, so a rule
 * must expect each of them to be missing.
 */
export type Partially<T> = T extends readonly (infer Item)[]
  ? readonly Partially<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partially<T[Key]> | undefined }
    : T;

/** A rule over the resources of some kinds. `isPatch`: an absent field keeps its value in the cluster. */
export function resourceRule<Props>(
  kinds: ResourceKinds,
  check: (props: Partially<Props>, report: Report, resource: { isPatch: boolean }) => void,
): ResourceValidation {
  return (args: ResourceValidationArgs, reportViolation) => {
    if (!kinds.pattern.test(args.type)) return args.notApplicable(`${args.type} is not ${kinds.description}`);
    check(args.props as Partially<Props>, (problem) => reportViolation(describe(problem)), {
      isPatch: args.type.endsWith("Patch"),
    });
  };
}

/**
 * Marks a rule with the one type it is about, as the SDK's `…OfType` helpers do for a class. Where a stack has no
 * resource of that type, the SDK skips the rule before it unpacks resources, which is most of a rule's cost.
 */
export function ofType<Rule extends ResourceValidation | StackValidation>(type: string, rule: Rule): Rule {
  return Object.assign(rule, { __pulumiType: type });
}

/** The resource types that a rule is about. */
export interface ResourceKinds {
  /** Matches a Pulumi type token: `kubernetes:argoproj.io/v1alpha1:Rollout`. */
  readonly pattern: RegExp;
  /** The kinds for a reader: `a Rollout of argoproj.io`. */
  readonly description: string;
}

/** Kinds of one API group in every version. Their `…Patch` resources are included: they write the same fields. */
export function kindsOf(group: string, kinds: readonly string[]): ResourceKinds {
  return {
    pattern: new RegExp(`^kubernetes:${group.replaceAll(".", "\\.")}/[^:/]+:(?:${kinds.join("|")})(?:Patch)?$`),
    description: `a ${kinds.join(" or ")} of ${group}`,
  };
}

/** A problem in one line: path, reason, fix. */
export function describe({ path, reason, fix }: Problem): string {
  return `${path}: ${reason}${fix === undefined ? "" : ` ${fix}`}`;
}

/** The items of a list. A value that is no list has no items. */
export function items<Item>(list: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(list) ? list : [];
}
