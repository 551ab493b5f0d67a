import type { Problem } from "../components/core/problem.ts";
import { defaultRateLimit } from "../components/model/rateLimit.ts";
import type { Traffic } from "../components/model/servedModel.ts";

/** Requests come at random, so a client whose mean is the limit itself is often above it. */
const room = 1.25;

/**
 * What is wrong with a rehearsal at this many requests per second: the gateway sees it as one client, and answers what
 * is above the model's rate limit with 429.
 */
export function rateProblems(rate: number, { rateLimit = defaultRateLimit }: Traffic): Problem[] {
  if (rateLimit === "none" || rate * room <= rateLimit.requestsPerSecond) return [];
  const { requestsPerSecond } = rateLimit;
  const most = Math.floor((requestsPerSecond / room) * 10) / 10;
  return [
    {
      path: "--rate",
      reason: `a rehearsal is one client, and ${rate} requests a second come too near its limit (traffic.rateLimit, ${requestsPerSecond}): some would be answered with 429.`,
      fix: `Write ${most > 1 ? Math.floor(most) : most} or less, or declare a rate limit of ${Math.ceil(rate * room)} in the environment that rehearses.`,
    },
  ];
}
