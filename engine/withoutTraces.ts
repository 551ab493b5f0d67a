let running = 0;
let usual: PropertyDescriptor | undefined;

/**
 * Errors made meanwhile have no `stack`. The SDK takes the trace of every promise and of every resource it makes, of
 * the latter the whole trace whatever the limit is: half of the time a recording takes. V8 takes none where the limit
 * is not a plain number.
 */
export async function withoutTraces<T>(run: () => Promise<T>): Promise<T> {
  if (running === 0) usual = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
  running += 1;
  Object.defineProperty(Error, "stackTraceLimit", { get: () => 0, set: () => undefined, configurable: true });
  try {
    return await run();
  } finally {
    running -= 1;
    if (running === 0 && usual !== undefined) Object.defineProperty(Error, "stackTraceLimit", usual);
  }
}
