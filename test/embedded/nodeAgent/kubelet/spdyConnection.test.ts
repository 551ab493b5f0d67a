import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SpdyConnection, type SpdyStream } from "../../../../embedded/nodeAgent/kubelet/spdyConnection.ts";
import { FrameReader, FrameWriter } from "../../../../embedded/nodeAgent/kubelet/spdyFrames.ts";
import { SpdyClient } from "./spdyClient.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function connected(): Promise<{ client: SpdyClient; server: SpdyConnection; streams: SpdyStream[] }> {
  const listener: Server = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address() as { port: number };
  const near = connect(address.port, "127.0.0.1");
  const [far] = (await once(listener, "connection")) as [Socket];
  const streams: SpdyStream[] = [];
  const server = new SpdyConnection(far, Buffer.alloc(0), (stream) => streams.push(stream));
  const client = new SpdyClient(near);
  closing.push(() => {
    near.destroy();
    far.destroy();
    listener.close();
  });
  return { client, server, streams };
}

const seen = <T>(check: () => T) => vi.waitFor(check, { timeout: 5_000, interval: 5 });

describe("a SPDY connection", () => {
  it("reads what Kubernetes' own library writes", async () => {
    // moby/spdystream v0.5.1: two streams, {"streamtype": "error", "port": "8000", "requestid": "0"} and "data".
    const written = Buffer.from(sample, "hex");
    const frames = [];
    for await (const frame of new FrameReader().read(written)) frames.push(frame);
    expect(frames).toMatchObject([
      { kind: "synStream", stream: 1, fin: false, headers: { streamtype: "error", port: "8000", requestid: "0" } },
      { kind: "synStream", stream: 3, fin: false, headers: { streamtype: "data", port: "8000", requestid: "0" } },
      { kind: "data", stream: 3, data: Buffer.from("hello"), fin: false },
      { kind: "data", stream: 3, data: Buffer.alloc(0), fin: true },
    ]);
  });

  it("reads frames that come in any pieces", async () => {
    const writer = new FrameWriter();
    const bytes = Buffer.concat([
      await writer.synStream(1, { streamtype: "stdin" }),
      await writer.synStream(3, { streamtype: "stdout" }),
    ]);
    const reader = new FrameReader();
    const frames = [];
    for (const byte of bytes) for await (const frame of reader.read(Buffer.from([byte]))) frames.push(frame);
    expect(frames).toMatchObject([
      { stream: 1, headers: { streamtype: "stdin" } },
      { stream: 3, headers: { streamtype: "stdout" } },
    ]);
  });

  it("passes data both ways on each stream, and its end", async () => {
    const { client, streams } = await connected();
    const [one, two] = [await client.open({ streamtype: "stdin" }), await client.open({ streamtype: "stdout" })];
    client.send(one, "to the pod", true);
    await seen(() => expect(streams).toHaveLength(2));
    expect(streams.map(({ headers }) => headers.streamtype)).toEqual(["stdin", "stdout"]);
    let read = "";
    for await (const chunk of streams[0] as AsyncIterable<Buffer>) read += chunk;
    expect(read).toBe("to the pod");
    const long = "x".repeat(100_000);
    streams[1]?.end(long);
    await seen(() => expect(client.ended).toEqual(new Set([two])));
    expect(client.text(two)).toBe(long);
  });

  it("answers pings", async () => {
    const { client } = await connected();
    client.ping(Buffer.from([0, 0, 0, 7]));
    await seen(() => expect(client.frames).toEqual([{ kind: "ping", payload: Buffer.from([0, 0, 0, 7]) }]));
  });

  it("ends its streams when the other side goes, and tells it when this one does", async () => {
    const first = await connected();
    await first.client.open({ streamtype: "stdin" });
    await seen(() => expect(first.streams).toHaveLength(1));
    await first.client.close();
    await first.server.closed;
    expect(first.streams[0]?.destroyed).toBe(true);

    const second = await connected();
    await second.client.open({ streamtype: "stdin" });
    await seen(() => expect(second.streams).toHaveLength(1));
    second.streams[0]?.end("last words");
    await second.server.close();
    await seen(() => expect(second.client.frames.at(-1)).toEqual({ kind: "goAway" }));
    expect(second.client.text(1)).toBe("last words");
  });

  it("closes on what is not SPDY", async () => {
    const { client, server } = await connected();
    client.send(0xff_ff_ff_ff, "");
    await server.closed;
  });

  it("does not fill the memory where nobody reads", async () => {
    const { client, streams } = await connected();
    const stream = await client.open({ streamtype: "stdin" });
    for (let n = 0; n < 200; n += 1) client.send(stream, Buffer.alloc(64 * 1024));
    await seen(() => expect(streams[0]?.readableLength).toBeGreaterThan(1_000_000));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(streams[0]?.readableLength).toBeLessThan(2_000_000);
    let total = 0;
    const reading = (async () => {
      for await (const chunk of streams[0] as AsyncIterable<Buffer>) total += chunk.length;
    })();
    client.send(stream, "", true);
    await reading;
    expect(total).toBe(200 * 64 * 1024);
  });
});

const sample = [
  "800300010000003e0000000100000000000078f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c606160",
  "60c0c0c0c0590489c64c50f2663400000000ffff800300010000001800000003000000000000c2aa19540e2512d60b000000",
  "ffff000000030000000568656c6c6f0000000301000000",
].join("");
