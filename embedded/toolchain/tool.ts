import { messageOf as thrownMessage } from "../../components/core/messageOf.ts";
/** An event in the progress of one tool. */
export interface ToolEvent {
  /** The name of the tool, as in `Tool`. */
  readonly tool: string;
  /**
   * `found`: it is on PATH. `cached`: it is in the cache. `started`: a source is tried. `progress`: it is being
   * fetched, or waits. `done`: it was fetched. `failed`: no source succeeded.
   */
  readonly state: "cached" | "found" | "started" | "progress" | "done" | "failed";
  /** Where it comes from: `PATH`, its directory in the cache, or the name of a source. */
  readonly how?: string;
  /** What is tried, and why. Present with `started`. */
  readonly attempt?: Attempt;
  /** Milliseconds since its first source was tried or, for a tool that was found, since the search began. */
  readonly elapsedMs: number;
  /**
   * What is being done, or after `failed` the last error: `etcd.tar.gz, 12 of 22 MiB`. Absent if there is nothing to
   * say.
   */
  readonly detail?: string;
}

/** The try of one source. */
export interface Attempt {
  /** Whether it is downloaded or built. */
  readonly kind: Source["kind"];
  /** What the tool is needed for, as in `Tool`. */
  readonly purpose: string;
  /** About how long that takes on two CPUs, seconds. Absent for a download, which depends on the network. */
  readonly seconds?: number;
}

/** What a source may use while it fetches one tool. */
export interface FetchContext {
  /** Aborted when the user interrupts, or when another tool fails in a way that ends the run. */
  readonly signal: AbortSignal;
  /** A directory for this fetch alone. It is removed when the fetch ends. */
  readonly scratch: string;
  /** The directory of Go's module and build caches. All builds of a run share it; it is removed after the last one. */
  readonly goCaches: string;
  /** Sets the detail of the next progress event. */
  progress(detail: string): void;
}

/** One way to download or build a tool. If it throws, the tool's next source is tried. */
export interface Source {
  /** Names the source in progress and errors: `Go module k8s.io/kubernetes v1.35.4`. */
  readonly name: string;
  /** Downloads run first, six at a time; builds run after all downloads, two at a time. */
  readonly kind: "download" | "build";
  /** The disk space it needs while it runs, MiB, in addition to the tool's `sizeMiB`. */
  readonly scratchMiB: number;
  /**
   * Puts the tool's files into `directory`, which exists and is empty.
   * @throws an error with the reason if it cannot
   */
  fetch(directory: string, context: FetchContext): Promise<void>;
}

/** One tool of a pinned version: its files, the check of its version, and its sources. */
export interface Tool {
  /** Names the tool in progress and errors, and is its folder in the cache. */
  readonly name: string;
  /** The pinned version, without a leading v. Another version is installed beside this one. */
  readonly version: string;
  /**
   * Counted up when the same version is built in another way: the one in the cache is then made anew.
   * @default 1
   */
  readonly build?: number;
  /** What the embedded environment needs it for, as the end of "needed for …" in an error. */
  readonly purpose: string;
  /** Its files, relative to its directory. A tool of which one is missing is fetched again. */
  readonly files: readonly string[];
  /**
   * The arguments that make its programs print their version, and the semver range of the versions on PATH that are
   * used. All `files` must then be programs.
   * @default programs on PATH are not used
   */
  readonly onPath?: { readonly versionArgs: readonly string[]; readonly range: string };
  /**
   * Throws if the fetched tool does not run on this machine.
   * @default the version of each program is checked as on PATH
   */
  readonly check?: (directory: string, context: FetchContext) => Promise<void>;
  /** Its size in the cache, MiB. */
  readonly sizeMiB: number;
  /** About how long its slowest source takes on two CPUs, seconds. The tool with the highest value starts first. */
  readonly seconds: number;
  /** The sources in order of preference. Downloads are tried before builds all the same. */
  readonly sources: readonly Source[];
  /** What the user can do if no source succeeds, as an imperative. */
  readonly fix: string;
}

/** A tool that was found or installed. Its files are keyed as in `Tool.files`. */
export interface InstalledTool {
  /** `PATH`, or the tool's directory in the cache. */
  readonly how: string;
  /** The absolute path of each of the tool's files. */
  readonly files: ReadonlyMap<string, string>;
}

/** The message of a thrown value, on one line. */
export function messageOf(error: unknown): string {
  return thrownMessage(error)
    .replaceAll(/\s*\n\s*/g, "; ")
    .trim();
}
