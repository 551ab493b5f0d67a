/** One long-running program of an embedded environment: how to start it and how to tell that it is ready. */
export interface ProcessSpec {
  /** Names the process in `serin status`, in errors and in its log file `<name>.log`. Unique in an environment. */
  readonly name: string;
  /** The absolute path of the executable file. */
  readonly command: string;
  /** The arguments. They must not contain a secret: every user of the machine can read command lines. */
  readonly args: readonly string[];
  /** Environment variables, added to those of the supervisor. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Tells when the program is ready. */
  readonly ready: Probe;
}

/** A health URL that answers 2xx or, for a program without one, the line that it logs when it has started. */
export type Probe =
  | HttpProbe
  | {
      /** Matches the output of the program once it is ready. */
      readonly logLine: RegExp;
    };

/** A health check over HTTP or HTTPS: any 2xx answer means ready. */
export interface HttpProbe {
  /** The URL, `http:` or `https:`. */
  readonly url: string;
  /**
   * PEM texts for HTTPS: the authority that must have signed the server's certificate and, where the server asks for
   * one, the client's certificate and key.
   * @default the authorities that Node trusts, and no client certificate
   */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /** A bearer token for the `Authorization` header. @default none */
  readonly token?: string;
}
