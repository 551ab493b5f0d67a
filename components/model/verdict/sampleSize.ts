import type { ScoreTest } from "./score.ts";
import { passLine, type ShareTest } from "./share.ts";

/** A healthy version has a quarter of the bad requests that its objective allows. */
const healthyPart = 1 / 4;
/** 95 of 100 values of a normal distribution are less than so many standard deviations above its mean. */
const late = 1.645;

/**
 * How many requests are enough for 95 of 100 healthy versions to pass towards a `next` share of the traffic, where bad
 * requests come in bursts of `clumping`. The distance from the line is taken for a Brownian motion, whose passage time
 * has an inverse Gaussian distribution.
 */
export function requestsToPass(test: ShareTest, next: number, clumping = 1): number {
  const { slope, intercept } = passLine(test, next);
  const bad = test.objective * healthyPart;
  const distance = intercept * clumping;
  const drift = slope - bad;
  const deviation = Math.sqrt((distance * bad * clumping) / drift ** 3);
  return Math.ceil(distance / drift + late * deviation);
}

/** How many scores are enough for a version with the declared mean to pass, whatever shape its scores have. */
export function scoresToPass({ mean, tolerance, min, max, pass }: ScoreTest): number {
  const variance = (max - mean) * (mean - min);
  return Math.ceil((2 * Math.log(pass) * variance) / (1.5 * tolerance) ** 2);
}
