import type { Problem } from "./problem.ts";

/** A length of time: a number and its unit, so that `"150"` does not compile and `"150ms"` does. */
export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

/** A share of a whole, in percent. */
export type Percent = `${number}%`;

/** An amount of memory or disk, in powers of two. */
export type Bytes = `${number}${"KiB" | "MiB" | "GiB" | "TiB"}`;

/** An amount of money, in US dollars: the clouds' price lists are in no other currency for everyone. */
export type Money = `${number} USD`;

const durationUnits = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const byteUnits = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const percentPattern = /^(\d+(?:\.\d+)?)%$/;
const moneyPattern = /^(\d+(?:\.\d+)?) USD$/;
const bytesPattern = /^(\d+(?:\.\d+)?)(KiB|MiB|GiB|TiB)$/;

/** In milliseconds. Check the value with `durationProblems` first: an ill-formed one is a defect here. */
export function milliseconds(duration: Duration): number {
  const [, amount, unit] = wellFormed(duration, durationPattern);
  return Number(amount) * durationUnits[unit as keyof typeof durationUnits];
}

/** In seconds. */
export function seconds(duration: Duration): number {
  return milliseconds(duration) / 1_000;
}

/** From milliseconds, in the largest unit that writes it as a whole number. */
export function duration(ms: number): Duration {
  const unit = (["h", "m", "s"] as const).find((candidate) => ms !== 0 && ms % durationUnits[candidate] === 0) ?? "ms";
  return `${ms / durationUnits[unit]}${unit}`;
}

/** As a ratio: `"0.1%"` is 0.001. Decimal digits survive: no `0.30000000000000004`. */
export function ratio(percent: Percent): number {
  const [, amount] = wellFormed(percent, percentPattern);
  return Number(`${amount}e-2`);
}

/** From a ratio between 0 and 1. */
export function percent(value: number): Percent {
  return `${Number((value * 100).toPrecision(12))}%`;
}

/** In bytes. */
export function byteCount(bytes: Bytes): number {
  const [, amount, unit] = wellFormed(bytes, bytesPattern);
  return Number(amount) * byteUnits[unit as keyof typeof byteUnits];
}

/** In US dollars. */
export function dollars(money: Money): number {
  return Number(wellFormed(money, moneyPattern)[1]);
}

/** Problems of an amount of money: its form, and that it is more than nothing. */
export function moneyProblems(path: string, value: string): Problem[] {
  if (!moneyPattern.test(value)) {
    return [illFormed(path, value, "an amount of money", "Write a number, a space and USD", "12000 USD")];
  }
  return dollars(value as Money) > 0 ? [] : [{ path, reason: `"${value}" is nothing.`, fix: "Write more than 0." }];
}

/** As Kubernetes writes it: `"32GiB"` is `"32Gi"`. */
export function kubernetesBytes(bytes: Bytes): string {
  return bytes.replace(/B$/, "");
}

/** Problems of a duration: its form, the bounds given (both inclusive), and whether it is a multiple of `whole`. */
export function durationProblems(
  path: string,
  value: string,
  bounds: { min?: Duration; max?: Duration; whole?: "1ms" | "1s" } = {},
): Problem[] {
  if (!durationPattern.test(value)) {
    return [illFormed(path, value, "a duration", "Write a number and one of ms, s, m, h", "150ms")];
  }
  const ms = milliseconds(value as Duration);
  if (bounds.min !== undefined && ms < milliseconds(bounds.min)) {
    return [{ path, reason: `"${value}" is below ${bounds.min}.`, fix: `Write at least "${bounds.min}".` }];
  }
  if (bounds.max !== undefined && ms > milliseconds(bounds.max)) {
    return [{ path, reason: `"${value}" is above ${bounds.max}.`, fix: `Write at most "${bounds.max}".` }];
  }
  const step = milliseconds(bounds.whole ?? "1ms");
  if (bounds.whole !== undefined && !Number.isInteger(ms / step)) {
    const unit = bounds.whole === "1s" ? "seconds" : "milliseconds";
    const next = duration(Math.ceil(ms / step) * step);
    return [{ path, reason: `"${value}" is not a whole number of ${unit}.`, fix: `Write, for example, "${next}".` }];
  }
  return [];
}

/** Problems of a percentage: its form, and the bounds (both inclusive); always strictly between 0 % and 100 %. */
export function percentProblems(path: string, value: string, bounds: { min?: Percent; max?: Percent } = {}): Problem[] {
  if (!percentPattern.test(value)) {
    return [illFormed(path, value, "a percentage", "Write a number and %", "0.1%")];
  }
  const share = ratio(value as Percent);
  if (share > 0 && bounds.min !== undefined && share < ratio(bounds.min)) {
    return [{ path, reason: `"${value}" is below ${bounds.min}.`, fix: `Write at least "${bounds.min}".` }];
  }
  if (share < 1 && bounds.max !== undefined && share > ratio(bounds.max)) {
    return [{ path, reason: `"${value}" is above ${bounds.max}.`, fix: `Write at most "${bounds.max}".` }];
  }
  return share > 0 && share < 1
    ? []
    : [{ path, reason: `"${value}" is not between 0% and 100%.`, fix: 'Write a share such as "0.1%".' }];
}

/** Problems of a number of things, from `least` on. */
export function countProblems(path: string, value: number, least: number): Problem[] {
  return Number.isSafeInteger(value) && value >= least
    ? []
    : [{ path, reason: `${value} is not a whole number of at least ${least}.`, fix: `Write ${least} or more.` }];
}

/** Problems of an amount of memory or disk. */
export function bytesProblems(path: string, value: string): Problem[] {
  if (!bytesPattern.test(value)) {
    return [illFormed(path, value, "an amount of memory", "Write a number and one of KiB, MiB, GiB, TiB", "32GiB")];
  }
  return byteCount(value as Bytes) > 0 ? [] : [{ path, reason: `"${value}" is nothing.`, fix: "Write more than 0." }];
}

function illFormed(path: string, value: string, what: string, fix: string, example: string): Problem {
  return { path, reason: `"${value}" is not ${what}.`, fix: `${fix}, for example "${example}".` };
}

function wellFormed(value: string, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(value);
  if (match === null) throw new TypeError(`ill-formed quantity "${value}"`);
  return match;
}
