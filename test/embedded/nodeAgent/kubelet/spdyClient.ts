import { once } from "node:events";
import type { Duplex } from "node:stream";
import {
  dataFrame,
  type Frame,
  FrameReader,
  FrameWriter,
  pingFrame,
} from "../../../../embedded/nodeAgent/kubelet/spdyFrames.ts";

/** The side of a SPDY connection that opens streams, as the API server does. */
export class SpdyClient {
  readonly #socket: Duplex;
  readonly #writer = new FrameWriter();
  readonly frames: Frame[] = [];
  /** What each stream has received, by its id. */
  readonly received = new Map<number, Buffer>();
  /** The streams that the other side has ended. */
  readonly ended = new Set<number>();
  #next = 1;

  constructor(socket: Duplex, head = Buffer.alloc(0)) {
    this.#socket = socket;
    void this.#read(head);
  }

  async open(headers: Record<string, string>): Promise<number> {
    const id = this.#next;
    this.#next += 2;
    this.#socket.write(await this.#writer.synStream(id, headers));
    return id;
  }

  send(stream: number, text: string | Buffer, fin = false): void {
    this.#socket.write(dataFrame(stream, Buffer.from(text), fin));
  }

  ping(payload: Buffer): void {
    this.#socket.write(pingFrame(payload));
  }

  text(stream: number): string {
    return this.received.get(stream)?.toString() ?? "";
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, "close");
    this.#socket.destroy();
    await closed;
  }

  async #read(head: Buffer): Promise<void> {
    const reader = new FrameReader();
    const take = async (chunk: Buffer) => {
      for await (const frame of reader.read(chunk)) {
        this.frames.push(frame);
        if (frame.kind !== "data") continue;
        this.received.set(
          frame.stream,
          Buffer.concat([this.received.get(frame.stream) ?? Buffer.alloc(0), frame.data]),
        );
        if (frame.fin) this.ended.add(frame.stream);
      }
    };
    try {
      await take(head);
      for await (const chunk of this.#socket as AsyncIterable<Buffer>) await take(chunk);
    } catch {
      // The other side went away.
    }
  }
}
