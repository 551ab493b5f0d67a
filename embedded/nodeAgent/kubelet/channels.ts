import { Duplex, type Readable, type Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { WebSocket } from "ws";
import type { SpdyConnection, SpdyStream } from "./spdyConnection.ts";

/** The streams of one program, whatever carries them. */
export interface CommandChannels {
  /** Its input. Absent: the caller has none. */
  readonly stdin?: Readable;
  /** Its output. Absent: nobody reads it. */
  readonly stdout?: Writable;
  /** Its messages. Absent: nobody reads them, or they are in `stdout` with a terminal. */
  readonly stderr?: Writable;
  /** The sizes of the caller's terminal. Absent: it gets none. */
  readonly sizes?: Readable;
  /** Takes how it ended, a `Status` of Kubernetes as JSON. */
  readonly status: Writable;
}

/** Which streams a caller asks for. */
export interface AskedStreams {
  /** Whether there is input. */
  readonly stdin: boolean;
  /** Whether output is read. */
  readonly stdout: boolean;
  /** Whether messages are read. */
  readonly stderr: boolean;
  /** Whether the program gets a terminal. */
  readonly tty: boolean;
}

/** Waits until the caller has opened all that it asked for (kubernetes `remotecommand/httpstream.go`). */
export class SpdyCommand {
  readonly #wanted: readonly string[];
  readonly #open = new Map<string, SpdyStream>();
  readonly #complete: () => void;
  /** Resolves when all of them are open. */
  readonly opened: Promise<void>;

  constructor({ stdin, stdout, stderr, tty }: AskedStreams) {
    this.#wanted = [
      "error",
      ...(stdin ? ["stdin"] : []),
      ...(stdout ? ["stdout"] : []),
      ...(stderr && !tty ? ["stderr"] : []),
      ...(tty ? ["resize"] : []),
    ];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.opened = promise;
    this.#complete = resolve;
  }

  /** Takes a stream that the caller opens. */
  add(stream: SpdyStream): void {
    const kind = stream.headers.streamtype ?? "";
    if (!this.#wanted.includes(kind) || this.#open.has(kind)) stream.destroy();
    else this.#open.set(kind, stream);
    if (this.isOpen) this.#complete();
  }

  /** Whether all of them are open. */
  get isOpen(): boolean {
    return this.#wanted.every((one) => this.#open.has(one));
  }

  /** The streams, once they are all open. */
  get channels(): CommandChannels {
    const [stdin, stdout, stderr, sizes, status] = ["stdin", "stdout", "stderr", "resize", "error"].map((kind) =>
      this.#open.get(kind),
    );
    if (status === undefined) throw new Error("the streams are not open");
    return {
      status,
      ...(stdin === undefined ? {} : { stdin }),
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
      ...(sizes === undefined ? {} : { sizes }),
    };
  }
}

/** Ends the streams of a program that has ended, and then the connection. */
export async function endCommand(
  connection: SpdyConnection,
  { stdout, stderr, status }: CommandChannels,
): Promise<void> {
  for (const stream of [stdout, stderr, status]) stream?.end();
  await connection.close();
}

/** The channels of a web socket: each message begins with the number of its channel. */
export class SocketChannels {
  readonly #socket: WebSocket;
  readonly #channels = new Map<number, Duplex>();

  /** Takes over a connection. */
  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      const channel = this.#channels.get(data[0] ?? -1);
      if (channel !== undefined && !channel.destroyed && data.length > 1) channel.push(data.subarray(1));
    });
    socket.on("close", () => {
      for (const channel of this.#channels.values()) {
        channel.push(null);
        channel.destroy();
      }
    });
  }

  /** A channel, both ways. Ending it says nothing to the other side: it has no word for that. */
  open(number: number): Duplex {
    const channel = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.#socket.send(Buffer.concat([Buffer.from([number]), chunk]), () => done());
      },
    });
    channel.on("error", () => undefined);
    this.#channels.set(number, channel);
    return channel;
  }

  /** The channels of a program (kubernetes `remotecommand/websocket.go`). */
  command({ stdin, stdout, stderr, tty }: AskedStreams): CommandChannels {
    return {
      status: this.open(3),
      ...(stdin ? { stdin: this.open(0) } : {}),
      ...(stdout ? { stdout: this.open(1) } : {}),
      ...(stderr && !tty ? { stderr: this.open(2) } : {}),
      ...(tty ? { sizes: this.open(4) } : {}),
    };
  }

  /** Ends the connection, after what has been written. */
  async close(): Promise<void> {
    const written = [...this.#channels.values()].map((channel) => {
      channel.end();
      return finished(channel, { readable: false });
    });
    await Promise.allSettled(written);
    this.#socket.close(1000);
  }
}
