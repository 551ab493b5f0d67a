import { type Bet, bets, gained } from "../../../components/model/verdict/betting.ts";
import {
  allowedBad,
  type Interval,
  type PassLine,
  passLine,
  type ShareTest,
} from "../../../components/model/verdict/share.ts";

/** What a rule says at a look. */
export type Verdict = "pass" | "fail" | undefined;

/** A way to judge a share of bad requests while a canary runs. */
export interface Rule {
  /** What both versions answered in the interval since the last one. */
  observe(seen: Interval): void;
  /** The verdict for going on to a share `next` of the traffic, 0 to 1, so many seconds after the stage began. */
  look(next: number, seconds: number): Verdict;
  /** A pod has been replaced: this part of what was counted is lost, 0 to 1. */
  forget?(part: number): void;
}

abstract class WithLine implements Rule {
  #bad = 0;
  #total = 0;
  readonly #lines = new Map<number, PassLine>();

  readonly test: ShareTest;
  readonly clumping: number;

  constructor(test: ShareTest, clumping: number) {
    this.test = test;
    this.clumping = clumping;
  }

  observe(seen: Interval): void {
    this.#bad += seen.canary.bad;
    this.#total += seen.canary.total;
    this.note(seen);
  }

  look(next: number): Verdict {
    if (this.fails()) return "fail";
    const line = this.#lines.get(next) ?? passLine(this.test, next);
    this.#lines.set(next, line);
    return this.#bad <= line.slope * this.#total - this.clumping * line.intercept ? "pass" : undefined;
  }

  forget(part: number): void {
    this.#bad *= 1 - part;
    this.#total *= 1 - part;
  }

  protected abstract note(seen: Interval): void;
  protected abstract fails(): boolean;
}

/** The rule that ships: evidence by betting, Wald's line with clumping. */
export class Betting extends WithLine {
  readonly #bets: readonly Bet[];
  #logs: number[];

  constructor(test: ShareTest, clumping: number) {
    super(test, clumping);
    this.#bets = test.bets;
    this.#logs = test.bets.map(() => 0);
  }

  protected note(seen: Interval): void {
    const allowed = this.allowed(seen);
    for (const [index, { k }] of this.#bets.entries()) {
      this.#logs[index] = (this.#logs[index] ?? 0) + gained(k, seen.canary.bad, allowed);
    }
  }

  protected allowed(seen: Interval): number {
    return allowedBad(this.test.healthy, seen);
  }

  protected fails(): boolean {
    let money = 0;
    for (const [index, { part }] of this.#bets.entries()) money += part * Math.exp(this.#logs[index] ?? 0);
    return money >= this.test.fail;
  }

  /** What a pod won or lost goes with it. */
  override forget(part: number): void {
    super.forget(part);
    this.#logs = this.#logs.map((log) => log * (1 - part));
  }
}

/** As it was: what the stable version has at the same time excuses nothing. */
export class Absolute extends Betting {
  protected override allowed({ canary }: Interval): number {
    return this.test.healthy * canary.total;
  }
}

/** Wald's SPRT for failing too, both bounds times the clumping. What shipped before, with dispersion. */
export class Sprt extends WithLine {
  #bad = 0;
  #total = 0;
  readonly #slope: number;
  readonly #intercept: number;

  constructor(test: ShareTest, clumping: number) {
    super(test, clumping);
    const [good, bad] = [test.healthy, test.healthy * 10];
    const forBad = Math.log((bad * (1 - good)) / (good * (1 - bad)));
    this.#slope = Math.log((1 - good) / (1 - bad)) / forBad;
    this.#intercept = Math.log(test.fail) / forBad;
  }

  protected note({ canary }: Interval): void {
    this.#bad += canary.bad;
    this.#total += canary.total;
  }

  protected fails(): boolean {
    return this.#bad >= this.#slope * this.#total + this.clumping * this.#intercept;
  }
}

/** A mixture of likelihood ratios, each request for itself: bursts are taken for many failures. */
export class MixtureSprt extends WithLine {
  #bad = 0;
  #total = 0;
  readonly #ratios = [2, 5, 20];

  protected note({ canary }: Interval): void {
    this.#bad += canary.bad;
    this.#total += canary.total;
  }

  protected fails(): boolean {
    const expected = this.test.healthy * this.#total;
    const ratio = (one: number) => Math.exp(this.#bad * Math.log(one) - (one - 1) * expected);
    return this.#ratios.reduce((sum, one) => sum + ratio(one), 0) / this.#ratios.length >= this.test.fail;
  }
}

/** A share over the last minute against the objective, once a minute. */
abstract class EachMinute implements Rule {
  #bad = 0;
  #total = 0;
  #minutes = 0;

  readonly objective: number;

  constructor(objective: number) {
    this.objective = objective;
  }

  observe({ canary }: Interval): void {
    this.#bad += canary.bad;
    this.#total += canary.total;
  }

  look(_next: number, seconds: number): Verdict {
    if (seconds < 60) this.#minutes = 0;
    if (seconds < 60 * (this.#minutes + 1)) return undefined;
    this.#minutes += 1;
    const failed = this.#total > 0 && this.#bad / this.#total > this.objective;
    const known = this.#total > 0;
    this.#bad = 0;
    this.#total = 0;
    return known ? this.minute(failed) : undefined;
  }

  protected abstract minute(failed: boolean): Verdict;
}

/** An AnalysisTemplate of Argo Rollouts as its documentation writes it: five measurements a stage, `failureLimit` 3. */
export class FixedThreshold extends EachMinute {
  #measured = 0;
  #failed = 0;

  protected minute(failed: boolean): Verdict {
    this.#measured += 1;
    if (failed) this.#failed += 1;
    if (this.#failed > 3) return "fail";
    if (this.#measured < 5) return undefined;
    this.#measured = 0;
    this.#failed = 0;
    return "pass";
  }
}

/** Flagger: a minute within the threshold lets the weight grow, five beyond it roll back. */
export class Flagger extends EachMinute {
  #failed = 0;

  protected minute(failed: boolean): Verdict {
    if (!failed) return "pass";
    this.#failed += 1;
    return this.#failed >= 5 ? "fail" : undefined;
  }
}

/** One bet instead of three, to see what the mixture is for. */
export function singleBet(test: ShareTest): ShareTest {
  return { ...test, bets: [{ k: bets(20)[0]?.k ?? 1, part: 1 }] };
}
