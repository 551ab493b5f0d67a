import type { PurchaseOption } from "../../components/cluster/gpuPool.ts";
import type { Problem } from "../../components/core/problem.ts";
import {
  type Bytes,
  bytesProblems,
  type Money,
  moneyProblems,
  type Percent,
  ratio,
} from "../../components/core/quantity.ts";

/** A limit of what an environment costs. */
export interface Budget {
  /** US dollars for 730 hours, without taxes: `"12000 USD"`. */
  readonly perMonth: Money;
  /**
   * Which cost must stay within it: `most` with every pool at its `max` all month, or `least` with every pool at its
   * `min`.
   * @default "most": nothing that autoscaling does can then go above the budget
   */
  readonly counts?: "least" | "most";
}

/** What the owner of an environment knows of its bill, and no price list does. */
export interface Spending {
  /**
   * What leaves all clusters of clouds to the internet in a month: `"500GiB"`. Clusters of the environment have equal
   * parts of it, as they have of the traffic; the part of a cluster of your own is not billed.
   * @default not counted
   */
  readonly egressPerMonth?: Bytes;
  /** What you pay for machines that are not bought on demand. @default what `ShareOfListPrice` says */
  readonly shareOfListPrice?: ShareOfListPrice;
}

/** Prices of machines as a share of the on-demand list price, above 0 % and at most 100 %. */
export interface ShareOfListPrice {
  /** @default the spot price in the table where it has one; else there is no price, and a plan says so */
  readonly spot?: Percent;
  /**
   * With a commitment such as a savings plan or a committed-use discount.
   * @default "100%": a reservation of capacity alone is billed at the on-demand price
   */
  readonly reserved?: Percent;
  /** Capacity blocks of AWS, which are paid in advance. @default no price, and a plan says so */
  readonly block?: Percent;
  /** Flex-start of Google Cloud. @default no price, and a plan says so */
  readonly queued?: Percent;
}

/** Problems of a budget and of what is said about spending. */
export function spendingProblems({
  budget,
  spending,
}: {
  readonly budget?: Budget;
  readonly spending?: Spending;
}): Problem[] {
  const shares = Object.entries(spending?.shareOfListPrice ?? {}) as [PurchaseOption["kind"], Percent][];
  return [
    ...(budget === undefined ? [] : moneyProblems("budget.perMonth", budget.perMonth)),
    ...(spending?.egressPerMonth === undefined
      ? []
      : bytesProblems("spending.egressPerMonth", spending.egressPerMonth)),
    ...shares.flatMap(([kind, share]) => shareProblems(`spending.shareOfListPrice.${kind}`, share)),
  ];
}

function shareProblems(path: string, share: Percent): Problem[] {
  const fix = 'Write a share of the on-demand price such as "35%".';
  if (!/^\d+(?:\.\d+)?%$/.test(share)) return [{ path, reason: `"${share}" is not a percentage.`, fix }];
  const value = ratio(share);
  return value > 0 && value <= 1 ? [] : [{ path, reason: `"${share}" is not above 0% and at most 100%.`, fix }];
}
