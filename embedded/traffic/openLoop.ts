import { seededRandom } from "../../components/core/random.ts";
import { arrivals, type Spacing } from "./arrivals.ts";
import { type Answer, Tallier, type Tally } from "./tally.ts";

/** The parameters of one run of the open loop. */
export interface OpenLoopArgs {
  /** The requests per second, above 0. */
  readonly rate: number;
  /** The distribution of the intervals between requests. */
  readonly spacing: Spacing;
  /** The same seed makes the same intervals. */
  readonly seed: number;
  /** How long requests are sent, milliseconds. */
  readonly durationMs: number;
  /** The most requests without an answer. A request that is due while there are as many is counted as dropped. */
  readonly maxInFlight: number;
  /** An answer without error that takes longer is counted as slow, milliseconds. */
  readonly slowerThanMs: number;
  /** Sends request number `n`, counted from 0. Must not reject, and must end within a bounded time. */
  readonly send: (n: number) => Promise<Omit<Answer, "latencyMs">>;
  /** Called at the end of each second, counted from 0, with its tally and the requests without an answer. */
  readonly onSecond: (second: number, tally: Tally & { readonly inFlight: number }) => void;
  /** Aborting it stops the sending. The answers under way are still awaited. */
  readonly signal: AbortSignal;
}

/**
 * Sends each request when it is due, even if earlier ones have no answer yet (an open loop). Resolves with the tally of
 * the whole run after the last answer.
 */
export async function runOpenLoop(args: OpenLoopArgs): Promise<Tally> {
  const due = arrivals(args.rate, args.spacing, seededRandom(args.seed));
  const total = new Tallier(args.slowerThanMs);
  let period = new Tallier(args.slowerThanMs);
  const answers = new Set<Promise<void>>();
  const start = performance.now();
  let second = 0;
  let next = due.next().value;

  const endSeconds = (elapsed: number): void => {
    while (elapsed >= (second + 1) * 1_000) {
      args.onSecond(second, { ...period.read(), inFlight: answers.size });
      period = new Tallier(args.slowerThanMs);
      second += 1;
    }
  };

  const sendOne = (n: number, dueMs: number, elapsed: number): void => {
    if (answers.size >= args.maxInFlight) {
      total.drop();
      period.drop();
      return;
    }
    total.send(elapsed - dueMs);
    period.send(elapsed - dueMs);
    const answered = args.send(n).then((answer) => {
      const timed: Answer = { ...answer, latencyMs: performance.now() - start - dueMs };
      total.answer(timed);
      period.answer(timed);
      answers.delete(answered);
    });
    answers.add(answered);
  };

  for (let n = 0; !args.signal.aborted && next < args.durationMs; ) {
    const elapsed = performance.now() - start;
    endSeconds(elapsed);
    for (; next <= elapsed && next < args.durationMs; n += 1) {
      sendOne(n, next, elapsed);
      next = due.next().value;
    }
    await pause(Math.min(next - (performance.now() - start), 100));
  }
  while (answers.size > 0) {
    await Promise.race([...answers, pause(100)]);
    endSeconds(performance.now() - start);
  }
  args.onSecond(second, { ...period.read(), inFlight: 0 });
  return total.read();
}

/**
 * Waits `ms` milliseconds, or one turn of the event loop if that is not above 0, so that answers are read even if
 * requests are sent late.
 */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));
}
