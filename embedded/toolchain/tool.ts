/** What happens to one tool, for a progress display. */
export interface ToolEvent {
  readonly tool: string;
  /** `cached` and `found` end a tool that was there already, `done` and `failed` one that was not. */
  readonly state: "cached" | "found" | "started" | "progress" | "done" | "failed";
  /** Where it comes from: `PATH`, a download, a package, a Go module. */
  readonly how?: string;
  /** Milliseconds since the first attempt to have it began. */
  readonly elapsedMs: number;
  readonly detail?: string;
}

/** What a source may use while it fetches one tool. */
export interface FetchContext {
  readonly signal: AbortSignal;
  /** A directory for this fetch alone, removed with everything in it when the fetch ends. */
  readonly scratch: string;
  /** Go's module and build caches, shared by the builds of one run and removed after the last. */
  readonly goCaches: string;
  /** Says what is going on; shown with the next heartbeat. */
  progress(detail: string): void;
}

/** One way to have a tool. A source that throws passes the turn to the next. */
export interface Source {
  /** Names it in progress and errors: `Go module k8s.io/kubernetes v1.35.4`. */
  readonly name: string;
  /** Builds run two at a time, after everything that can be downloaded has been. */
  readonly kind: "download" | "build";
  /** Disk that is needed while it runs, MiB, above what stays. */
  readonly scratchMiB: number;
  /** Puts the tool's files into `directory`, which exists and is empty. */
  fetch(directory: string, context: FetchContext): Promise<void>;
}

/** One tool, pinned: what it is, how to recognise a good one, where to get it. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  /** What the embedded environment needs it for: the end of "needed for …". */
  readonly purpose: string;
  /** Its files, relative to its directory. All must be there for the tool to count as installed. */
  readonly files: readonly string[];
  /** How its programs say their version, when a person's own ones on PATH will do. Every file is then a program. */
  readonly onPath?: { readonly versionArgs: readonly string[]; readonly range: string };
  /** Throws when what was just fetched cannot run on this machine; by default, its programs are asked their version. */
  readonly check?: (directory: string, context: FetchContext) => Promise<void>;
  /** What stays in the cache, MiB. */
  readonly sizeMiB: number;
  /** Roughly how long its slowest source takes on two processors, seconds: the longest starts first. */
  readonly seconds: number;
  /** In order of preference. */
  readonly sources: readonly Source[];
  /** How a person provides it where no source works, as an imperative. */
  readonly fix: string;
}

/** Where a tool was found or put: its files, keyed as in `Tool.files`. */
export interface InstalledTool {
  readonly how: string;
  readonly files: ReadonlyMap<string, string>;
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*\n\s*/g, "; ").trim();
}
