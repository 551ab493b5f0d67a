import type { Problem } from "./problem.ts";
import { layers, stackNameParts } from "./stackName.ts";

/** A violation of a policy that an environment accepts until a day. Renewing it is a change of the declaration. */
export interface Exemption {
  /** The policy that is not asked for: `image-require-digest`. */
  readonly policy: string;
  /**
   * The resource: its whole URN as `serin plan --json` has it, with the stack of all clusters. One `*` in the name of
   * the resource stands for any characters but a colon: `urn:pulumi:prod-models::serin::…::*-fraud`.
   */
  readonly resource: string;
  /** Who answers for it: a person or a team. */
  readonly owner: string;
  /** Why the violation is accepted. */
  readonly reason: string;
  /** Where it is followed up: a number or an address. */
  readonly ticket: string;
  /** The last day on which it holds, in UTC: `2027-03-31`. From the next day on it stops a plan and `serin up`. */
  readonly expires: string;
}

/** A finding that an exemption may be about. */
export interface ExemptibleFinding {
  /** The name of the policy. */
  readonly policy: string;
  /** The URN of the resource, or of the stack. */
  readonly urn: string;
}

/** The day in UTC: `2027-03-31`. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** Whether an exemption holds no more on a day. It holds for the whole of its last day. */
export function isExpired({ expires }: Pick<Exemption, "expires">, day: string): boolean {
  return day > expires;
}

/** The exemption that a finding falls under: one that holds, else one that has expired. */
export function exemptionOf(
  exemptions: readonly Exemption[],
  { policy, urn }: ExemptibleFinding,
  day: string,
): Exemption | undefined {
  const about = exemptions.filter((one) => one.policy === policy && isAbout(one, urn));
  return about.find((one) => !isExpired(one, day)) ?? about[0];
}

/** What is said at a violation whose exemption has expired. */
export function expiredNote({ owner, ticket, expires }: Exemption): string {
  return `Its exemption (${owner}, ${ticket}) ended with ${expires}.`;
}

/**
 * Whether an exemption is about a resource. The pattern is held against the whole URN. A stack of one cluster counts as
 * the stack of all clusters: a plan and a deployment have the same resources in stacks of different names.
 */
export function isAbout({ resource }: Pick<Exemption, "resource">, urn: string): boolean {
  const parts = resource.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^:]*")}$`).test(inStackOfAllClusters(urn));
}

/** `urn:pulumi:prod-models-aws-use1::…` → `urn:pulumi:prod-models::…`; of the stack itself the name, too. */
function inStackOfAllClusters(urn: string): string {
  const [head, ...rest] = urn.split("::");
  const stack = head?.slice("urn:pulumi:".length) ?? "";
  const parts = stackNameParts(stack);
  if (parts === undefined) return urn;
  const wide = `${parts.environment}-${parts.layer}`;
  const tail = rest.at(1) === "pulumi:pulumi:Stack" ? [...rest.slice(0, -1), `${rest[0]}-${wide}`] : rest;
  return [`urn:pulumi:${wide}`, ...tail].join("::");
}

/** Everything wrong with the exemptions of an environment, whose policies are known only to a plan. */
export function exemptionProblems(exemptions: readonly Exemption[], environment: string): Problem[] {
  const first = new Map<string, number>();
  return exemptions.flatMap((exemption, index) => {
    const path = `exemptions[${index}]`;
    const identity = JSON.stringify([exemption.policy, exemption.resource]);
    const before = first.get(identity);
    if (before === undefined) first.set(identity, index);
    return [
      ...resourceProblems(`${path}.resource`, exemption.resource, environment),
      ...dayProblems(`${path}.expires`, exemption.expires),
      ...(["policy", "owner", "reason", "ticket"] as const)
        .filter((field) => exemption[field].trim() === "")
        .map((field) => ({ path: `${path}.${field}`, reason: "it is empty." })),
      ...(before === undefined
        ? []
        : [{ path, reason: `exemptions[${before}] is about the same policy and resource.`, fix: "Keep one of them." }]),
    ];
  });
}

/** A wildcard stands beside at least this many characters of a name that belong together. */
const tellingCharacters = 3;

/** The parts of a URN before the name say which stack and which type; a wildcard there would exempt what nobody saw. */
function resourceProblems(path: string, resource: string, environment: string): Problem[] {
  const fix = `Copy the URN from: npx serin plan ${environment} --json`;
  const stacks = layers.map((layer) => `${environment}-${layer}`);
  const [head = "", project = "", type = "", ...names] = resource.split("::");
  const name = names.join("::");
  const stack = /^urn:pulumi:(?<stack>.+)$/.exec(head)?.groups?.stack;
  if (stack === undefined || [project, type, name].includes("")) {
    return [{ path, reason: `"${resource}" is not a whole URN.`, fix }];
  }
  if (resource.slice(0, resource.length - name.length).includes("*")) {
    return [{ path, reason: `"${resource}" has a wildcard before the name of the resource.`, fix }];
  }
  if (!stacks.includes(stack)) {
    return [
      {
        path,
        reason: `"${stack}" is not a stack of all clusters of "${environment}".`,
        fix: `Write ${stacks.join(", ")}.`,
      },
    ];
  }
  const literals = name.split("*");
  if (literals.length === 1) return [];
  if (literals.length > 2) return [{ path, reason: `"${name}" has several wildcards.`, fix: "Write one." }];
  if (literals.some((literal) => new RegExp(`[a-z0-9]{${tellingCharacters}}`, "i").test(literal))) return [];
  const reason = `"${name}" is about nearly every resource of its type.`;
  return [{ path, reason, fix: `Write at least ${tellingCharacters} letters or digits of the name together.` }];
}

function dayProblems(path: string, expires: string): Problem[] {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(expires) ? new Date(`${expires}T00:00:00Z`) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime()) && dayOf(time) === expires) return [];
  return [{ path, reason: `"${expires}" is not a day.`, fix: 'Write, for example, "2027-03-31".' }];
}
