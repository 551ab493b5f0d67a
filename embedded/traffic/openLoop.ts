import { arrivals, type Spacing, seededRandom } from "./arrivals.ts";
import { type Answer, Tallier, type Tally } from "./tally.ts";

/** What the open loop needs to know. */
export interface OpenLoopArgs {
  readonly rate: number;
  readonly spacing: Spacing;
  readonly seed: number;
  readonly durationMs: number;
  readonly maxInFlight: number;
  readonly slowerThanMs: number;
  /** Sends request number `n`; never rejects. */
  readonly send: (n: number) => Promise<Omit<Answer, "latencyMs">>;
  /** Called at the end of each second with what happened in it. */
  readonly onSecond: (second: number, tally: Tally & { readonly inFlight: number }) => void;
  readonly signal: AbortSignal;
}

/**
 * Sends requests when they are due, whatever the server does, and resolves with the tally of the whole run once the
 * last answer is in. Whoever sends must bound each request in time.
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
 * An immediate turn of the event loop when nothing is to wait for, so that answers are read even when sending is
 * behind.
 */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));
}
