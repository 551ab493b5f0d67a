import { isCidr, overlaps } from "../network.ts";
import type { RuleBook } from "../ruleBook.ts";
import type { EksDeclaration } from "./eksArgs.ts";

/** What AWS refuses, keeps, or needs beforehand. */
export const awsRuleBook = {
  "vpc-blocks-of-10.0": {
    kind: "refuses",
    says: "A VPC whose first block lies in 10.0.0.0/15 takes no further block of 10.0.0.0/16. The private blocks of a cluster are such blocks.",
    source: "Amazon VPC user guide, VPC CIDR blocks, IPv4 CIDR block association restrictions",
    problems: ({ cidr }) =>
      isCidr(cidr) && overlaps(cidr, "10.0.0.0/16")
        ? [
            {
              path: "cidr",
              reason: `"${cidr}" is in 10.0.0.0/16, and AWS adds no block of it to a VPC that begins there.`,
              fix: 'Write a block from 10.1.0.0 on, for example "10.16.0.0/16".',
            },
          ]
        : [],
  },
} as const satisfies RuleBook<EksDeclaration>;
