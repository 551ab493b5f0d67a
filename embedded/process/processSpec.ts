/** One long-running program of an environment: how it is started and how one can tell that it works. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  /** Never a secret: every user of the machine can read command lines. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ready: Probe;
}

/** A health address that answers 2xx, or for a program without one the line it logs when it has started. */
export type Probe = HttpProbe | { readonly logLine: RegExp };

export interface HttpProbe {
  readonly url: string;
  /** PEM texts; the server's certificate is always verified. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  readonly token?: string;
}
