import { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  dataFrame,
  type Frame,
  FrameReader,
  FrameWriter,
  goAwayFrame,
  type Headers,
  pingFrame,
  resetFrame,
} from "./spdyFrames.ts";

/** One stream of a connection: data both ways, each side ended by itself. */
export class SpdyStream extends Duplex {
  /** What the side that opened it says of it. */
  readonly headers: Headers;
  readonly #id: number;
  readonly #send: (frame: Buffer) => Promise<void>;
  #isRead: () => void = () => {};

  /** Only a connection makes streams. `send` resolves when more may be sent. */
  constructor(id: number, headers: Headers, send: (frame: Buffer) => Promise<void>) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#id = id;
    this.headers = headers;
    this.#send = send;
    // A stream that ends early is not an error of the connection. Whoever reads it hears of it.
    this.on("error", () => undefined);
  }

  /** Takes data of the other side. Resolves when more may come. */
  async receive(data: Buffer, fin: boolean): Promise<void> {
    if (this.readableEnded || this.destroyed) return;
    const full = data.length > 0 && !this.push(data);
    if (fin) this.push(null);
    // Nobody may read it, as the input of a program that has none: a little is kept, and the rest waits.
    else if (full && this.readableLength > mostUnread) await new Promise<void>((resolve) => (this.#isRead = resolve));
  }

  /** As `Readable` has it: more is wanted. */
  override _read(): void {
    this.#isRead();
  }

  /** As `Writable` has it. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#sendAll(chunk).then(() => done(), done);
  }

  /** As `Writable` has it: this side ends. */
  override _final(done: (error?: Error) => void): void {
    this.#send(dataFrame(this.#id, Buffer.alloc(0), true)).then(() => done(), done);
  }

  /** As `Duplex` has it: the stream is given up, unless both sides have ended. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#isRead();
    if (!this.writableFinished) void this.#send(resetFrame(this.#id)).catch(() => undefined);
    done(error);
  }

  async #sendAll(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += longestData) {
      await this.#send(dataFrame(this.#id, chunk.subarray(at, at + longestData)));
    }
  }
}

/** As much as Kubernetes' own streams send at a time. */
const longestData = 32 * 1024;
const mostUnread = 1024 * 1024;

/** The side of a SPDY/3.1 connection that the other side opens streams on. */
export class SpdyConnection {
  /** Resolves when the connection is closed, for whatever reason. Never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: Duplex;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #writer = new FrameWriter();
  #last = 0;

  /**
   * Takes over a socket whose upgrade has been answered. `head` is what has been received after the request;
   * `onStream` is called for each stream that the other side opens.
   */
  constructor(socket: Duplex, head: Buffer, onStream: (stream: SpdyStream) => void) {
    this.#socket = socket;
    this.#onStream = onStream;
    // Who reads or writes hears of it; a socket that nobody uses any more must not end the process.
    socket.on("error", () => undefined);
    this.closed = this.#receive(head).catch(() => undefined);
  }

  /** Ends the connection, after what has been written to the streams that are ended. */
  async close(): Promise<void> {
    const ending = [...this.#streams.values()].filter(({ writableEnded }) => writableEnded);
    const sent = Promise.allSettled(ending.map((stream) => finished(stream, { readable: false })));
    await Promise.race([sent, sleep(lingerMs, undefined, { ref: false })]);
    await this.#send(goAwayFrame(this.#last)).catch(() => undefined);
    this.#socket.end();
    // The other side may keep its half open for as long as it likes.
    setTimeout(() => this.#socket.destroy(), lingerMs).unref();
    await this.closed;
  }

  async #receive(head: Buffer): Promise<void> {
    const reader = new FrameReader();
    try {
      if (head.length > 0) for await (const frame of reader.read(head)) await this.#take(frame);
      for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
        for await (const frame of reader.read(chunk)) await this.#take(frame);
      }
    } finally {
      for (const stream of this.#streams.values()) stream.destroy(new Error("the connection was closed"));
      this.#streams.clear();
      this.#socket.destroy();
    }
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case "synStream": {
        const { stream: id, headers, fin } = frame;
        if (this.#streams.size >= mostStreams) return this.#send(resetFrame(id));
        const stream = new SpdyStream(id, headers, (data) => this.#send(data));
        this.#last = id;
        this.#streams.set(id, stream);
        stream.once("close", () => this.#streams.delete(id));
        await this.#send(await this.#writer.synReply(id));
        this.#onStream(stream);
        return fin ? stream.receive(Buffer.alloc(0), true) : undefined;
      }
      case "data":
        return this.#streams.get(frame.stream)?.receive(frame.data, frame.fin);
      case "reset":
        this.#streams.get(frame.stream)?.destroy(new Error("the other side gave the stream up"));
        return;
      case "ping":
        return this.#send(pingFrame(frame.payload));
      default:
        return;
    }
  }

  /** Resolves when the socket takes more. */
  #send(frame: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(frame, (error) => (error === undefined || error === null ? resolve() : reject(error)));
    });
  }
}

const lingerMs = 2_000;
/** A person's port-forward has two for each connection. */
const mostStreams = 2_000;
