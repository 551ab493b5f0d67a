import type { RuleBook } from "../ruleBook.ts";

/** What clusters that exist already refuse, keep, or need beforehand. */
export const onPremRuleBook = {} as const satisfies RuleBook;
