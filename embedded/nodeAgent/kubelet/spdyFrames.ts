import { createDeflate, createInflate, type Deflate, type Inflate, constants as zlib } from "node:zlib";

/**
 * SPDY/3.1, as far as Kubernetes needs it: the API server runs programs in pods and forwards ports over it
 * (kubernetes `apimachinery/pkg/util/httpstream/spdy`, moby/spdystream). Flow control is left out there, too.
 * https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
 */
export type Frame =
  | { readonly kind: "data"; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly kind: "synStream"; readonly stream: number; readonly fin: boolean; readonly headers: Headers }
  | { readonly kind: "reset"; readonly stream: number }
  | { readonly kind: "ping"; readonly payload: Buffer }
  | { readonly kind: "goAway" }
  | { readonly kind: "other" };

/** Names in lower case. Of a name with several values the last one counts. */
export type Headers = Readonly<Record<string, string>>;

/** The types of control frames. */
const types = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7, headers: 8 } as const;
const version = 3;
const finFlag = 1;
/** A longer frame is an attack or a defect: Kubernetes writes at most 32 KiB at a time. */
const longestFrame = 1024 * 1024;

/** Reads frames out of what a connection receives, in order. */
export class FrameReader {
  readonly #inflater = new Inflater();
  #rest = Buffer.alloc(0);

  /**
   * The frames that are complete with this chunk.
   * @throws Error for what is not SPDY/3.1
   */
  async *read(chunk: Buffer): AsyncGenerator<Frame> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 8) {
      const length = this.#rest.readUIntBE(5, 3);
      if (length > longestFrame) throw new Error(`a SPDY frame has ${length} bytes`);
      if (this.#rest.length < 8 + length) return;
      const head = this.#rest.subarray(0, 8);
      const body = Buffer.from(this.#rest.subarray(8, 8 + length));
      this.#rest = this.#rest.subarray(8 + length);
      yield await this.#frame(head, body);
    }
  }

  async #frame(head: Buffer, body: Buffer): Promise<Frame> {
    const fin = ((head[4] ?? 0) & finFlag) !== 0;
    if (((head[0] ?? 0) & 0x80) === 0) return { kind: "data", stream: head.readUInt32BE(0), fin, data: body };
    if ((head.readUInt16BE(0) & 0x7fff) !== version) throw new Error("the frame is not of SPDY/3.1");
    switch (head.readUInt16BE(2)) {
      case types.synStream:
        return { kind: "synStream", stream: streamOf(body), fin, headers: await this.#headers(body.subarray(10)) };
      case types.synReply:
      case types.headers:
        // All header blocks of a connection are one compressed text, so that none may be left out.
        await this.#headers(body.subarray(4));
        return { kind: "other" };
      case types.reset:
        return { kind: "reset", stream: streamOf(body) };
      case types.ping:
        return { kind: "ping", payload: body };
      case types.goAway:
        return { kind: "goAway" };
      default:
        return { kind: "other" };
    }
  }

  async #headers(block: Buffer): Promise<Headers> {
    const text = await this.#inflater.pass(block);
    const headers: Record<string, string> = {};
    let at = 4;
    const next = (): string => {
      const length = text.readUInt32BE(at);
      at += 4 + length;
      return text.toString("latin1", at - length, at);
    };
    for (let left = text.readUInt32BE(0); left > 0; left -= 1) {
      const name = next();
      headers[name.toLowerCase()] = next().split("\0").at(-1) ?? "";
    }
    return headers;
  }
}

/** Makes frames to send. */
export class FrameWriter {
  readonly #deflater = new Deflater();

  /** The acceptance of a stream, without headers. */
  async synReply(stream: number): Promise<Buffer> {
    return control(types.synReply, 0, Buffer.concat([uint32(stream), await this.#deflater.pass(uint32(0))]));
  }

  /** A new stream. Its id is odd on the side that made the connection. */
  async synStream(stream: number, headers: Headers): Promise<Buffer> {
    const pairs = Object.entries(headers).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
    const texts = pairs.flatMap((text) => [uint32(text.length), text]);
    const block = await this.#deflater.pass(Buffer.concat([uint32(pairs.length / 2), ...texts]));
    return control(types.synStream, 0, Buffer.concat([uint32(stream), uint32(0), Buffer.alloc(2), block]));
  }
}

/** Data of a stream. `fin`: the last of this side. */
export function dataFrame(stream: number, data: Buffer, fin = false): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(stream, 0);
  head.writeUInt8(fin ? finFlag : 0, 4);
  head.writeUIntBE(data.length, 5, 3);
  return Buffer.concat([head, data]);
}

/** The answer to a ping, or a ping. */
export function pingFrame(payload: Buffer): Buffer {
  return control(types.ping, 0, payload);
}

/** That a stream is given up. */
export function resetFrame(stream: number): Buffer {
  const cancel = 5;
  return control(types.reset, 0, Buffer.concat([uint32(stream), uint32(cancel)]));
}

/** That no further stream is taken. */
export function goAwayFrame(lastStream: number): Buffer {
  return control(types.goAway, 0, Buffer.concat([uint32(lastStream), uint32(0)]));
}

function control(type: number, flags: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8000 | version, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt8(flags, 4);
  head.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([head, body]);
}

function streamOf(body: Buffer): number {
  return body.readUInt32BE(0) & 0x7fffffff;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One side of the compression, in which each block refers to all before it. One call at a time. */
class Compression {
  readonly #stream: Deflate | Inflate;
  #fail: (error: Error) => void = () => {};

  constructor(stream: Deflate | Inflate) {
    this.#stream = stream;
    stream.on("error", (error) => this.#fail(error));
  }

  /** The block, compressed or not any more. */
  pass(block: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(block, () => {
        const chunk = this.#stream.read() as Buffer | null;
        resolve(chunk ?? Buffer.alloc(0));
      });
    });
  }
}

/** Each block is whole in itself. The buffer holds what the longest block becomes. */
const flushed = { flush: zlib.Z_SYNC_FLUSH, highWaterMark: longestFrame };

class Inflater extends Compression {
  constructor() {
    super(createInflate({ ...flushed, dictionary }));
  }
}

class Deflater extends Compression {
  constructor() {
    super(createDeflate({ ...flushed, dictionary }));
  }
}

/** The words that the compression knows from the start, section 2.6.10.1 of the protocol: each with its length. */
const words = [
  ...["options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding"],
  ...["accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection"],
  ...["content-base", "content-encoding", "content-language", "content-length", "content-location", "content-md5"],
  ...["content-range", "content-type", "date", "etag", "expect", "expires", "from", "host", "if-match"],
  ...["if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "location"],
  ...["max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after"],
  ...["server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning"],
  ...["www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie"],
  ...["keep-alive", "origin"],
];

const dictionary = Buffer.concat([
  ...words.flatMap((word) => [uint32(word.length), Buffer.from(word)]),
  Buffer.from(
    [
      "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505",
      "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized",
      "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable",
      "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT",
      "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,",
      "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.",
    ].join(""),
  ),
]);
