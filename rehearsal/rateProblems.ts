import type { Problem } from "../components/core/problem.ts";
import { defaultRateLimit } from "../components/model/rateLimit.ts";
import type { Traffic } from "../components/model/servedModel.ts";
import type { TrafficSample } from "../embedded/traffic/traffic.ts";

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

/** The least part of the requests that must leave this machine, when they are due. */
const sentEnough = 0.95;
/** Requests that are this late change what is measured, milliseconds. */
const tooLateMs = 250;

/**
 * Whether this machine can send so much, by the seconds before the release. One that cannot makes both versions look
 * slow, and a release that is judged so says nothing.
 */
export function sendingProblems(
  rate: number,
  samples: readonly Pick<TrafficSample, "sent" | "dropped" | "sendDelayP99Ms">[],
): Problem[] {
  const sent = samples.reduce((sum, sample) => sum + sample.sent, 0);
  const dropped = samples.reduce((sum, sample) => sum + sample.dropped, 0);
  const late = Math.min(...samples.map(({ sendDelayP99Ms }) => sendDelayP99Ms));
  const enough = sent >= sentEnough * (sent + dropped);
  if (samples.length === 0 || (enough && late <= tooLateMs)) return [];
  return [
    {
      path: "--rate",
      reason: `this machine cannot send ${rate} requests a second: of ${sent + dropped} that were due ${dropped} could not be sent, and 1 in 100 of the others left more than ${Math.round(late)} ms late.`,
      fix: "Write a lower rate, or end what else this machine does.",
    },
  ];
}
