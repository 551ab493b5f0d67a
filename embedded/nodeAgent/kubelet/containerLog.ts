import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BoundedLog } from "../../process/boundedLog.ts";

/** The two outputs of a process. */
export type OutputStream = "stdout" | "stderr";

/** Which part of a log is read; as in `PodLogOptions` of Kubernetes. */
export interface LogQuery {
  /** Whether to go on with what is written later, until the process ends. */
  readonly follow: boolean;
  /** Whether each line begins with its time. */
  readonly timestamps: boolean;
  /** How many of the last lines. @default all */
  readonly tailLines?: number;
  /** Only lines of this time or later, ms since 1970. @default all */
  readonly since?: number;
  /** The text ends after so many bytes. @default all */
  readonly limitBytes?: number;
}

/** A line of output and the time when it was complete. */
interface Line {
  readonly time: string;
  readonly text: string;
}

/** A longer line is split, as container runtimes do (containerd `internal/cri/io/logger.go`). */
const longestLine = 16 * 1024;

/**
 * The log of one run of a container: a file in the format of container runtimes, `<time> <stream> F <line>`
 * (kubernetes `kubelet-cri-logging.md`). It never grows past 8 MiB; the oldest lines go first.
 */
export class RunLog {
  readonly #log: BoundedLog;
  readonly #unfinished: Record<OutputStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  readonly #followers = new Set<(line: Line | undefined) => void>();
  #ended = false;

  /** Appends to the file, and creates it with its folder. */
  constructor(file: string) {
    this.#log = new BoundedLog(file);
  }

  /** Takes output of the process. The end of a line that is not complete waits for the rest. */
  write(stream: OutputStream, chunk: Buffer): void {
    if (this.#ended) return;
    let rest = Buffer.concat([this.#unfinished[stream], chunk]);
    for (;;) {
      const end = rest.subarray(0, longestLine).indexOf("\n");
      if (end < 0 && rest.length < longestLine) break;
      const length = end < 0 ? longestLine : end;
      this.#writeLine(stream, rest.subarray(0, length));
      rest = rest.subarray(end < 0 ? length : length + 1);
    }
    // A copy: what is kept of a chunk would keep all of it.
    this.#unfinished[stream] = Buffer.from(rest);
  }

  /** Writes what is left of the last lines. Whoever follows the log is told that it has ended. */
  end(): void {
    if (this.#ended) return;
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.#unfinished[stream].length > 0) this.#writeLine(stream, this.#unfinished[stream]);
    }
    this.#ended = true;
    for (const follower of this.#followers) follower(undefined);
    this.#followers.clear();
    this.#log.close();
  }

  /** Calls `follower` for each later line, and with `undefined` at the end. Returns what stops that. */
  follow(follower: (line: Line | undefined) => void): () => void {
    if (this.#ended) follower(undefined);
    else this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #writeLine(stream: OutputStream, text: Buffer): void {
    const time = new Date().toISOString();
    this.#log.write(Buffer.concat([Buffer.from(`${time} ${stream} F `), text, Buffer.from("\n")]));
    if (this.#followers.size === 0) return;
    const line = { time, text: text.toString() };
    for (const follower of this.#followers) follower(line);
  }
}

/**
 * The logs of one container: of its run now and of the run before, each a file `<restarts>.log` of its folder, as a
 * kubelet keeps them. Earlier ones are removed.
 */
export class ContainerLog {
  readonly #directory: string;
  #current: RunLog | undefined;

  /** `directory` has only the files of this container. It need not exist. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Begins the log of the next run, and ends that of the run before. */
  start(): RunLog {
    this.end();
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const before = this.#runs();
    const run = (before.at(-1) ?? -1) + 1;
    for (const old of before.slice(0, -1)) {
      for (const file of [this.#file(old), `${this.#file(old)}.1`]) rmSync(file, { force: true });
    }
    this.#current = new RunLog(this.#file(run));
    return this.#current;
  }

  /** Ends the log of the run now, because the process has ended. */
  end(): void {
    this.#current?.end();
    this.#current = undefined;
  }

  /**
   * The text of the log of the run now or, after it, of the last one; with `previous` of the last one that has ended.
   * Undefined: there has been none. A log that is followed ends with the run, or when `signal` is aborted.
   */
  read(previous: boolean, query: LogQuery, signal: AbortSignal): AsyncGenerator<string> | undefined {
    const runs = this.#runs();
    const run = runs.at(previous && this.#current !== undefined ? -2 : -1);
    if (run === undefined) return undefined;
    const running = previous ? undefined : this.#current;
    // Read and followed in one turn: a line that is written meanwhile is in one of both, and not in both.
    const kept = this.#lines(run);
    const later = query.follow && running !== undefined ? followed(running, signal) : undefined;
    return limited(shown(kept, later, query), query.limitBytes);
  }

  #lines(run: number): Line[] {
    const file = this.#file(run);
    const text = [`${file}.1`, file].map((one) => (existsSync(one) ? readFileSync(one, "utf8") : "")).join("");
    return text.split("\n").flatMap((entry) => {
      const [, time, line] = /^(\S+) std(?:out|err) F (.*)$/s.exec(entry) ?? [];
      return time === undefined || line === undefined ? [] : [{ time, text: line }];
    });
  }

  #runs(): number[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .flatMap((name) => /^(\d+)\.log$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #file(run: number): string {
    return join(this.#directory, `${run}.log`);
  }
}

async function* shown(
  kept: readonly Line[],
  later: AsyncIterable<Line> | undefined,
  { since = 0, tailLines, timestamps }: LogQuery,
): AsyncGenerator<string> {
  const texts = ({ time, text }: Line) => `${timestamps ? `${time} ` : ""}${text}\n`;
  const recent = kept.filter(({ time }) => Date.parse(time) >= since);
  const tail = tailLines === undefined ? recent : recent.slice(Math.max(0, recent.length - tailLines));
  if (tail.length > 0) yield tail.map(texts).join("");
  if (later !== undefined) for await (const line of later) yield texts(line);
}

async function* limited(texts: AsyncIterable<string>, limitBytes = Number.POSITIVE_INFINITY): AsyncGenerator<string> {
  let left = limitBytes;
  for await (const text of texts) {
    const bytes = Buffer.byteLength(text);
    if (bytes >= left) {
      yield Buffer.from(text).subarray(0, left).toString();
      return;
    }
    left -= bytes;
    yield text;
  }
}

/** The lines that a run writes from now on. */
function followed(run: RunLog, signal: AbortSignal): AsyncIterable<Line> {
  const waiting: (Line | undefined)[] = [];
  let wake = () => {};
  const push = (line: Line | undefined): void => {
    // A reader that does not read must not fill the memory: it misses lines.
    if (waiting.length < mostWaiting || line === undefined) waiting.push(line);
    wake();
  };
  const stop = run.follow(push);
  signal.addEventListener("abort", () => push(undefined), { once: true });
  return (async function* () {
    try {
      for (;;) {
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const line = waiting.shift();
        if (line === undefined || signal.aborted) return;
        yield line;
      }
    } finally {
      stop();
    }
  })();
}

const mostWaiting = 100_000;
