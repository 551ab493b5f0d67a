import type { ResourceValidation, ResourceValidationArgs, StackValidation } from "@pulumi/policy";
import type { Problem } from "../components/core/problem.ts";

export type Report = (problem: Problem) => void;

/**
 * Values come from programs, charts and files of others, so a rule sees them as they are written and not as a schema has them:
 * every level may be missing.
 */
export type Partially<T> = T extends readonly (infer Item)[]
  ? readonly Partially<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: Partially<T[Key]> | undefined }
    : T;

/** A rule over the resources of some kinds. `isPatch` says that what is absent is left as it is in the cluster. */
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
 * Marks a rule with the one type it is about, as the SDK's `…OfType` helpers do where there is a class: without a resource of that
 * type the SDK leaves the rule out before it unpacks any, which is most of a rule's cost.
 */
export function ofType<Rule extends ResourceValidation | StackValidation>(type: string, rule: Rule): Rule {
  return Object.assign(rule, { __pulumiType: type });
}

export interface ResourceKinds {
  readonly pattern: RegExp;
  readonly description: string;
}

/** Kinds of one API group in every version, their `…Patch` resources included: those write the same fields. */
export function kindsOf(group: string, kinds: readonly string[]): ResourceKinds {
  return {
    pattern: new RegExp(`^kubernetes:${group.replaceAll(".", "\\.")}/[^:/]+:(?:${kinds.join("|")})(?:Patch)?$`),
    description: `a ${kinds.join(" or ")} of ${group}`,
  };
}

/** One line: where, what is wrong, what to write instead. */
export function describe({ path, reason, fix }: Problem): string {
  return `${path}: ${reason}${fix === undefined ? "" : ` ${fix}`}`;
}

/** The items of what should be a list; none of what is not. */
export function items<Item>(list: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(list) ? list : [];
}
