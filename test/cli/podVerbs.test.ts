import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Answer, LongAnswer } from "../../cli/run.ts";
import { logs } from "../../cli/verbs/logs.ts";
import { portForward } from "../../cli/verbs/portForward.ts";
import { shell } from "../../cli/verbs/shell.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";

const home = mkdtempSync(join(tmpdir(), "serin-pod-verbs-"));
const closing: (() => void)[] = [];
let said: string;

beforeEach(() => {
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    said += String(chunk);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const close of closing.splice(0)) close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Cluster {
  readonly kubeconfig: string;
  /** Path and query of what was asked of pods, in order. */
  readonly asked: string[];
  pods: V1Pod[];
  /** Undefined: there is none. */
  rollout: object | undefined;
  /** What the log has, or the refusal. */
  log: string | { code: number; message: string };
  /** What a pod does with a connection that is upgraded. */
  upgraded: (connection: WebSocket, request: IncomingMessage) => void;
}

/** An API server with version 2 of `fraud` under release. */
async function cluster(): Promise<Cluster> {
  const state: Omit<Cluster, "kubeconfig"> = {
    asked: [],
    pods: [
      pod("fraud-1a", { version: "1", hash: "stable" }),
      pod("fraud-2a", { version: "2", hash: "canary" }),
      pod("fraud-2b", { version: "2", hash: "canary", ready: false, restarts: 3 }),
    ],
    rollout: {
      metadata: { name: "fraud", generation: 1 },
      spec: { template: { metadata: { labels: { version: "2" } } } },
      status: { phase: "Progressing", stableRS: "stable", currentPodHash: "canary", observedGeneration: "1" },
    },
    log: "",
    upgraded: () => undefined,
  };
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    const answer = (code: number, body: unknown) => response.writeHead(code).end(JSON.stringify(body));
    if (url.includes("/log?")) {
      state.asked.push(url);
      return typeof state.log === "string" ? response.end(state.log) : answer(state.log.code, state.log);
    }
    if (url.endsWith("/rollouts/fraud") && state.rollout !== undefined) return answer(200, state.rollout);
    if (url.includes("/pods?")) return answer(200, { items: state.pods });
    return answer(404, { message: "not found" });
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  server.on("upgrade", (request, socket, head) => {
    state.asked.push(request.url ?? "");
    sockets.handleUpgrade(request, socket, head, (connection) => state.upgraded(connection, request));
  });
  const port = await listening(server);
  const kubeconfig = join(home, `${port}.json`);
  writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`));
  return Object.assign(state, { kubeconfig });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function pod(
  name: string,
  { version, hash, ready = true, restarts = 0 }: { version: string; hash: string; ready?: boolean; restarts?: number },
): V1Pod {
  return {
    metadata: { name, labels: { app: "fraud", version, "rollouts-pod-template-hash": hash } },
    spec: {
      // The injector of the mesh puts its own first.
      containers: [
        { name: "istio-proxy", image: "p" },
        { name: "triton", image: "t", ports: [{ name: "http", containerPort: 8000 }, { containerPort: 8002 }] },
      ],
    },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [
        {
          ...{ name: "triton", image: "t", imageID: "t", ready, restartCount: restarts },
          state: ready ? { running: {} } : { waiting: { reason: "CrashLoopBackOff" } },
        },
      ],
    },
  };
}

const invocation = (json = false, signal = new AbortController().signal) => ({ signal, json });
const options = ({ kubeconfig }: Cluster) => ({ environment: "local", kubeconfig });

async function printed(answer: Answer | LongAnswer): Promise<string> {
  if (!("pieces" in answer)) throw new Error("expected pieces");
  let all = "";
  for await (const piece of answer.pieces) all += piece;
  return all;
}

async function refusal(answer: Promise<unknown>): Promise<ProblemError> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error;
  throw new Error(`expected a problem, got ${error}`);
}

const channel = (number: number, data: string | Buffer) => Buffer.concat([Buffer.from([number]), Buffer.from(data)]);

describe("serin logs", () => {
  it("reads of a release the pod that is in trouble, its last 200 lines, and says which it is", async () => {
    const at = await cluster();
    at.log = "one\ntwo";
    expect(await printed(await logs("fraud", options(at), invocation()))).toBe("one\ntwo\n");
    expect(at.asked).toEqual(["/api/v1/namespaces/models/pods/fraud-2b/log?container=triton&tailLines=200"]);
    expect(said).toBe(
      "pod fraud-2b on embedded, container triton: version 2, canary, CrashLoopBackOff; 2 more: --pod fraud-2a, --pod fraud-1a\nIt was restarted 3 times; --previous shows the run before.\n",
    );
  });

  it("reads the pod of a role, of a version, or of a name", async () => {
    const at = await cluster();
    for (const choice of [{ role: "stable" }, { version: "2" }, { pod: "fraud-2a" }]) {
      await printed(await logs("fraud", { ...options(at), ...choice }, invocation()));
    }
    expect(at.asked.map((url) => /pods\/([^/]+)/.exec(url)?.[1])).toEqual(["fraud-1a", "fraud-2b", "fraud-2a"]);
  });

  it("reads the init container that keeps a pod from starting", async () => {
    const at = await cluster();
    const stuck = pod("fraud-2c", { version: "2", hash: "canary", ready: false });
    const waiting = { waiting: { reason: "PodInitializing" } };
    at.pods = [
      {
        ...stuck,
        spec: { ...stuck.spec, containers: stuck.spec?.containers ?? [], initContainers: [{ name: "artifact-check" }] },
        status: {
          containerStatuses: [
            { name: "triton", image: "", imageID: "", ready: false, restartCount: 0, state: waiting },
          ],
          initContainerStatuses: [
            {
              ...{ name: "artifact-check", image: "", imageID: "", ready: false, restartCount: 2 },
              state: { waiting: { reason: "CrashLoopBackOff" } },
              lastState: { terminated: { exitCode: 65 } },
            },
          ],
        },
      },
    ];
    await printed(await logs("fraud", options(at), invocation()));
    expect(at.asked[0]).toContain("container=artifact-check");
  });

  it("passes on what is asked of the log", async () => {
    const at = await cluster();
    const asked = { previous: true, tail: "all", since: "2m", timestamps: true, container: "istio-proxy" };
    await printed(await logs("fraud", { ...options(at), ...asked }, invocation()));
    expect(at.asked[0]).toMatch(/container=istio-proxy&previous=true&sinceSeconds=120&timestamps=true$/);
  });

  it("gives programs the lines and the pod as one document", async () => {
    const at = await cluster();
    at.log = "one\ntwo\n";
    expect(await logs("fraud", { ...options(at), role: "stable" }, invocation(true))).toMatchObject({
      result: {
        ...{ environment: "local", cluster: "embedded", namespace: "models", model: "fraud", container: "triton" },
        pod: { name: "fraud-1a", version: "1", role: "stable", ready: true },
        lines: ["one", "two"],
      },
    });
  });

  it("takes out of a line what would change the terminal", async () => {
    const at = await cluster();
    at.log = "a\u001b]0;title\u0007b\u001b[31mred\n";
    expect(await printed(await logs("fraud", options(at), invocation()))).toBe("a]0;titleb\u001b[31mred\n");
  });

  it("says in the cluster's words why there is no log", async () => {
    const at = await cluster();
    at.log = { code: 400, message: 'previous terminated container "triton" in pod "fraud-1a" not found' };
    const { exitCode, message } = await refusal(
      logs("fraud", { ...options(at), role: "stable", previous: true }, invocation()),
    );
    expect(exitCode).toBe(exitCodes.unavailable);
    expect(message).toContain("not found. Leave --previous out: nothing was restarted.");
  });

  it("ends a log that is followed without an error on Ctrl-C", async () => {
    const at = await cluster();
    const interruption = new AbortController();
    const server = createServer((request, response) => {
      if (request.url?.includes("/log?")) response.write("one\n");
      else if (request.url?.includes("/pods?")) response.end(JSON.stringify({ items: at.pods }));
      else response.end(JSON.stringify(at.rollout));
    });
    const kubeconfig = join(home, "following.json");
    writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${await listening(server)}`));
    const asked = { environment: "local", kubeconfig, follow: true };
    const answer = (await logs("fraud", asked, invocation(false, interruption.signal))) as LongAnswer;
    const seen: string[] = [];
    for await (const piece of answer.pieces) {
      seen.push(piece);
      interruption.abort();
    }
    expect(seen).toEqual(["one\n"]);
  });

  it.each<[string, object, string]>([
    ["a version that no pod has", { version: "9" }, "--version 9: no such pod. There are: fraud-2b (version 2, canary"],
    ["a role that is none", { role: "canry" }, 'Did you mean "canary"?'],
    ["a pod of another name", { pod: "fraud-2x" }, '--pod: "fraud-2x" is not one of "fraud-2b"'],
    ["a container that is none", { container: "tritn" }, 'Did you mean "triton"?'],
    ["a number of lines that is none", { tail: "-3" }, '--tail: "-3" is not a number of lines.'],
    ["half a second", { since: "500ms" }, '"500ms" is below 1s.'],
    ["the end of what has ended", { follow: true, previous: true }, "writes nothing more"],
  ])("refuses %s", async (_, asked, expected) => {
    const at = await cluster();
    const problem = await refusal(logs("fraud", { ...options(at), ...asked }, invocation()));
    expect(problem.exitCode).toBe(exitCodes.badInput);
    expect(problem.message).toContain(expected);
    expect(at.asked).toEqual([]);
  });

  it("says that a model is not deployed, or has no pod", async () => {
    const at = await cluster();
    at.pods = [];
    const none = await refusal(logs("fraud", options(at), invocation()));
    expect([none.message, none.exitCode]).toEqual([
      expect.stringContaining("it has no pod on this cluster"),
      exitCodes.unavailable,
    ]);
    at.rollout = undefined;
    const { message, exitCode } = await refusal(logs("fraud", options(at), invocation()));
    expect([message, exitCode]).toEqual([expect.stringContaining("is not deployed"), exitCodes.unavailable]);
  });
});

describe("serin shell", () => {
  const streams = (input: Readable = new PassThrough().end()) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    return { stdin: input as Readable & { isTTY?: boolean }, stdout, stderr, out: text(stdout), err: text(stderr) };
  };
  const status = (body: object) => channel(3, JSON.stringify(body));

  it("runs a program in a pod that is ready and ends with its exit code", async () => {
    const at = await cluster();
    at.upgraded = (connection) => {
      connection.send(channel(1, "to stdout"));
      connection.send(channel(2, "to stderr"));
      const details = { causes: [{ reason: "ExitCode", message: "3" }] };
      connection.send(status({ status: "Failure", reason: "NonZeroExitCode", details }));
    };
    const { out, err, ...given } = streams();
    const answer = await shell("fraud", ["ls", "-l"], options(at), invocation(), given);
    expect(answer.exitCode).toBe(3);
    expect([await out, await err]).toEqual(["to stdout", "to stderr"]);
    const url = new URL(at.asked[0] ?? "", "http://a");
    expect(url.pathname).toBe("/api/v1/namespaces/models/pods/fraud-2a/exec");
    expect(url.searchParams.getAll("command")).toEqual(["ls", "-l"]);
    expect([url.searchParams.get("container"), url.searchParams.get("tty")]).toEqual(["triton", "false"]);
  });

  it("sends its input, and that it has ended", async () => {
    const at = await cluster();
    at.upgraded = (connection) => {
      connection.on("message", (data: Buffer) => {
        if (data[0] === 0) connection.send(channel(1, data.subarray(1)));
        if (data[0] === 255) connection.send(status({ status: "Success" }));
      });
    };
    const input = new PassThrough();
    input.end("typed");
    const { out, err: _, ...given } = streams(input);
    expect((await shell("fraud", ["cat"], options(at), invocation(), given)).exitCode).toBe(0);
    expect(await out).toBe("typed");
  });

  it("starts bash, else sh, where no program is named", async () => {
    const at = await cluster();
    at.upgraded = (connection) => connection.send(status({ status: "Success" }));
    const { out: _, err, ...given } = streams();
    await shell("fraud", [], options(at), invocation(), given);
    expect(new URL(at.asked[0] ?? "", "http://a").searchParams.getAll("command")).toEqual([
      "sh",
      "-c",
      expect.stringContaining("exec bash || exec sh"),
    ]);
    given.stderr.end();
    expect(await err).toContain("pod fraud-2a on embedded, container triton: version 2, canary, ready");
  });

  it("gives programs what a program wrote as one document", async () => {
    const at = await cluster();
    at.upgraded = (connection) => {
      connection.send(channel(1, "out"));
      connection.send(status({ status: "Success" }));
    };
    const { result } = await shell("fraud", ["ls"], options(at), invocation(true));
    expect(result).toMatchObject({ exitCode: 0, stdout: "out", stderr: "", pod: { name: "fraud-2a" } });
    expect((await refusal(shell("fraud", [], options(at), invocation(true)))).exitCode).toBe(exitCodes.badInput);
  });

  it("says why a program cannot be started, and that the connection ended", async () => {
    const at = await cluster();
    const { out: _, err: __, ...given } = streams();
    at.upgraded = (connection) => connection.send(status({ status: "Failure", message: 'exec: "lz": not found' }));
    const missing = await refusal(shell("fraud", ["lz"], options(at), invocation(), given));
    expect([missing.exitCode, missing.message]).toEqual([exitCodes.unavailable, expect.stringContaining('"lz"')]);
    at.upgraded = (connection) => connection.terminate();
    const { out: ___, err: ____, ...more } = streams();
    expect((await refusal(shell("fraud", ["ls"], options(at), invocation(), more))).message).toContain(
      "the connection ended before the program did",
    );
  });
});

describe("serin port-forward", () => {
  /** A pod that answers each piece of a connection with its own name before it. */
  const echo: Cluster["upgraded"] = (connection) => {
    for (const number of [0, 1]) connection.send(channel(number, Buffer.from([0x40, 0x1f])));
    connection.on("message", (data: Buffer) => connection.send(channel(0, `pod: ${data.subarray(1)}`)));
  };

  async function forwarding(at: Cluster, ports: string[], json = false) {
    const interruption = new AbortController();
    const { pieces } = await portForward("fraud", ports, options(at), invocation(json, interruption.signal));
    const iterator = (pieces as AsyncGenerator<string>)[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    const end = () => {
      interruption.abort();
      return iterator.next();
    };
    return { said: value as string, end };
  }

  async function exchange(port: number): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    socket.write("hello");
    const answer = await new Promise<Buffer>((resolve, reject) => socket.once("data", resolve).once("error", reject));
    socket.destroy();
    return answer.toString();
  }

  it("passes each connection on to the pod, until Ctrl-C", async () => {
    const at = await cluster();
    at.upgraded = echo;
    const { said, end } = await forwarding(at, ["http"]);
    const port = Number(/127\.0\.0\.1:(\d+) → port 8000 \(http\)/.exec(said)?.[1]);
    expect(await Promise.all([exchange(port), exchange(port)])).toEqual(["pod: hello", "pod: hello"]);
    expect(at.asked[0]).toBe("/api/v1/namespaces/models/pods/fraud-2a/portforward?ports=8000");
    expect((await end()).done).toBe(true);
    await expect(exchange(port)).rejects.toThrow("ECONNREFUSED");
  });

  it("takes a free port where the pod's is in use, and says in JSON where it is", async () => {
    const at = await cluster();
    at.upgraded = echo;
    const taken = createTcpServer();
    await new Promise<void>((resolve) => taken.listen(8002, "127.0.0.1", resolve));
    closing.push(() => taken.close());
    const { said, end } = await forwarding(at, ["8002"], true);
    const { ports, pod } = JSON.parse(said) as { ports: { port: number; localPort: number }[]; pod: { name: string } };
    expect([pod.name, ports[0]?.port]).toEqual(["fraud-2a", 8002]);
    expect(ports[0]?.localPort).not.toBe(8002);
    expect(await exchange(ports[0]?.localPort ?? 0)).toBe("pod: hello");
    await end();
    const asked = await refusal(portForward("fraud", ["8002:http"], options(at), invocation()));
    expect([asked.exitCode, asked.message]).toEqual([exitCodes.unavailable, expect.stringContaining("it is in use")]);
  });

  it("says what the pod does not take, and goes on", async () => {
    const at = await cluster();
    at.upgraded = (connection) => {
      for (const number of [0, 1]) connection.send(channel(number, Buffer.from([0x40, 0x1f])));
      connection.send(channel(1, "connection refused"));
      connection.close();
    };
    const { said: first, end } = await forwarding(at, ["http"]);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(first)?.[1]);
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) =>
      socket
        .once("close", resolve)
        .on("error", () => undefined)
        .resume(),
    );
    expect(said).toContain("port 8000 of pod fraud-2a: connection refused");
    await end();
  });

  it("names the pod's ports for one that is none", async () => {
    const at = await cluster();
    const { message } = await refusal(portForward("fraud", ["htp", "0", "70000:http"], options(at), invocation()));
    expect(message.match(/neither a port/g)).toHaveLength(3);
    expect(message).toContain("one of http (8000), or");
  });
});
