import type { Problem } from "../core/problem.ts";

/** One fact about a cloud that no schema states, with where it was read. */
export interface CloudFact<Declaration = never> {
  /**
   * `refuses`: the cloud does not accept it. `keeps`: it cannot be changed, or not in this way, once it exists.
   * `needs`: the account must have it before the first `up`.
   */
  readonly kind: "refuses" | "keeps" | "needs";
  /** The fact, in one or two sentences. The page of the cloud quotes it. */
  readonly says: string;
  /** Where it was read: a document and its title, or `owner/repository #number`. */
  readonly source: string;
  /** It is a report, or follows from one, and no document says so. The program is on the safe side. @default false */
  readonly suspected?: true;
  /**
   * What is wrong with a cluster that breaks it, by the path its owner typed. Absent: a declaration cannot break it, or
   * the type rules it out.
   */
  problems?(declared: Declaration): readonly Problem[];
  /**
   * Why a cluster of this name in the cloud would break it, as a clause with a full stop: `its trail …`. Undefined: it
   * would not. Absent: the fact is not about names.
   */
  refusesName?(name: string): string | undefined;
  /**
   * What a person runs or checks in the account of this cluster, as one line of shell with names in angle brackets:
   * that of the configuration key where the value has one. `serin preflight` prints it. Undefined: it does not concern
   * this cluster.
   */
  command?(declared: Declaration): string | undefined;
}

/**
 * What a cloud refuses, keeps, or needs beforehand, each fact by a name that stays. Validation, preflight and the
 * cloud's page read it, so the next fact is one entry, and one example in `test/components/cluster/ruleBooks.test.ts`.
 */
export type RuleBook<Declaration = never> = Readonly<Record<string, CloudFact<Declaration>>>;

/** Everything about a declared cluster that its cloud is known to refuse. */
export function ruleProblems<Declaration>(book: RuleBook<Declaration>, declared: Declaration): Problem[] {
  return Object.values(book).flatMap((fact) => fact.problems?.(declared) ?? []);
}

/** Everything about a cluster's name in the cloud that the cloud is known to refuse, at `path`. */
export function ruleNameProblems(book: RuleBook, path: string, name: string): Problem[] {
  return Object.values(book).flatMap((fact) => {
    const reason = fact.refusesName?.(name);
    return reason === undefined
      ? []
      : [{ path, reason: `"${name}" is the cluster's name in the cloud, and ${reason}`, fix: "Choose another one." }];
  });
}

/** What a person does or checks in an account before clusters are brought up there. */
export interface AccountStep {
  /** The cloud, for messages: `Google Cloud`. */
  readonly cloud: string;
  /** The fact's name in the rule book. */
  readonly rule: string;
  /** The fact, in words. */
  readonly says: string;
  /** One line of shell. */
  readonly command: string;
}

/** The steps that a cloud's rule book asks for, for one cluster, in the order of the book. */
export function accountSteps<Declaration>(
  cloud: string,
  book: RuleBook<Declaration>,
  declared: Declaration,
): AccountStep[] {
  return Object.entries(book).flatMap(([rule, fact]) => {
    const command = fact.command?.(declared);
    return command === undefined ? [] : [{ cloud, rule, says: fact.says, command }];
  });
}
