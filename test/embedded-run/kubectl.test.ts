import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Environment, stopEnvironment } from "../../embedded/environment/environment.ts";
import { readState } from "../../embedded/environment/environmentState.ts";
import { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import { execInPod } from "../../engine/kubernetes/podExec.ts";
import { forwardPort } from "../../engine/kubernetes/podForward.ts";
import { podLog } from "../../engine/kubernetes/podLog.ts";
import { eventually, kill, supervisorOf } from "./environmentRuns.ts";
import { kubectlPath } from "./kubectl.ts";
import { fraudPod, infer, Pods, startWithModels, tritonOf } from "./podRuns.ts";

const name = "kubectl";
const home = mkdtempSync(join(tmpdir(), "serin-kubectl-"));
const homeBefore = process.env.SERIN_HOME;
const terminal = fileURLToPath(new URL("../../embedded/nodeAgent/kubelet/terminal.py", import.meta.url));
let environment: Environment;
let kubectl: string;
let pods: Pods;

beforeAll(async () => {
  process.env.SERIN_HOME = home;
  kubectl = await kubectlPath();
  environment = await startWithModels(name);
  pods = new Pods(environment);
  await pods.run("plain");
});

afterAll(async () => {
  await stopEnvironment(name);
  rmSync(home, { recursive: true, force: true });
  if (homeBefore === undefined) delete process.env.SERIN_HOME;
  else process.env.SERIN_HOME = homeBefore;
});

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const env = () => ({ ...process.env, KUBECONFIG: environment.kubeconfigPath, HOME: home });

/** What kubectl says about the namespace of models. */
function say(...args: string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(kubectl, ["-n", "models", ...args], { env: env(), timeout: 60_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

/** A kubectl that goes on. */
function running(args: string[]): { process: ChildProcess; text: () => string } {
  const process = spawn(kubectl, ["-n", "models", ...args], { env: env() });
  let said = "";
  for (const stream of [process.stdout, process.stderr]) stream.on("data", (chunk) => (said += chunk));
  return { process, text: () => said };
}

describe("kubectl", () => {
  it("gets and describes pods and nodes", async () => {
    const { code, out, err } = await say("get", "pods", "-o", "wide");
    expect([code, err, out]).toEqual([0, "", expect.stringMatching(/plain +1\/1 +Running +0 .* cpu-1 /)]);
    expect((await say("describe", "pod", "plain")).out).toMatch(
      /Node: +cpu-1\/\n[\s\S]*tritonserver@sha256[\s\S]*Restart Count: +0/,
    );
    expect((await say("get", "nodes")).out).toMatch(/cpu-1 +Ready/);
  });

  it("finds every API that is registered there", async () => {
    const { code, out, err } = await say("api-resources", "--api-group", "metrics.k8s.io", "-o", "name");
    expect([code, err, out.trim().split("\n").sort()]).toEqual([
      0,
      "",
      ["nodes.metrics.k8s.io", "pods.metrics.k8s.io"],
    ]);
    const log = readFileSync(join(environment.dataDir, "logs/kube-apiserver.log"), "utf8");
    expect(log.split("\n").filter((line) => /^E.*metrics\.k8s\.io/.test(line))).toEqual([]);
  });

  it("reads a log, its last lines, and each with its time", async () => {
    const { out } = await say("logs", "plain");
    expect(out).toMatch(/Started HTTPService/);
    expect((await say("logs", "plain", "--tail", "1")).out.trim().split("\n")).toHaveLength(1);
    expect((await say("logs", "plain", "--timestamps", "--tail", "1")).out).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \S/);
    expect((await say("logs", "plain", "--since", "1s")).out).not.toMatch(/Started HTTPService/);
    const none = await say("logs", "plain", "--previous");
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('terminated container "triton" in pod "plain"')]);
  });

  it("follows a log until its container dies, and reads it afterwards as that of the run before", async () => {
    const { process: following, text } = running(["logs", "-f", "plain"]);
    await eventually(async () => expect(text()).toMatch(/Started HTTPService/));
    const first = (await say("logs", "plain", "--timestamps")).out.split(" ")[0] ?? "";
    process.kill(tritonOf(environment, await pods.address("plain")), "SIGTERM");
    const [code] = await once(following, "exit");
    expect(code).toBe(0);
    await eventually(async () => {
      expect((await pods.read("plain")).status?.containerStatuses?.[0]?.restartCount).toBe(1);
    });
    await pods.whenReady("plain");
    const before = await say("logs", "plain", "--previous", "--timestamps");
    expect(before.out.split(" ")[0]).toBe(first);
    expect(before.out.split("\n").length).toBe(text().split("\n").length);
    const now = (await say("logs", "plain", "--timestamps")).out.split(" ")[0] ?? "";
    expect(Date.parse(now)).toBeGreaterThan(Date.parse(first));
  });

  it("runs programs in a pod: its folder, its variables, input, exit code", async () => {
    const told = await say("exec", "plain", "--", "sh", "-c", "pwd; echo problem >&2; exit 3");
    expect([told.code, told.out]).toEqual([3, expect.stringContaining(join(environment.dataDir, "node/pods"))]);
    expect(told.err).toContain("problem");
    const piped = running(["exec", "-i", "plain", "--", "cat"]);
    piped.process.stdin?.end("typed");
    await once(piped.process, "exit");
    expect(piped.text()).toBe("typed");
    const missing = await say("exec", "plain", "--", "lz");
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('"lz": executable file not found')]);
    const elsewhere = await say("exec", "plain", "-c", "none", "--", "ls");
    expect(elsewhere.code).toBe(1);
  });

  it("gets a terminal in a pod", async () => {
    const args = [
      terminal,
      kubectl,
      "-n",
      "models",
      "exec",
      "-it",
      "plain",
      "--",
      "sh",
      "-c",
      "tty; read x; stty size",
    ];
    const process = spawn("python3", args, { env: env(), stdio: ["pipe", "pipe", "inherit", "pipe"] });
    let text = "";
    process.stdout?.on("data", (chunk) => (text += chunk));
    await eventually(async () => expect(text).toMatch(/\/dev\/pts\/\d+/));
    (process.stdio[3] as NodeJS.WritableStream).write("43 132\n");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    process.stdin?.write("\r");
    const [code] = await once(process, "exit");
    expect([code, text]).toEqual([0, expect.stringContaining("43 132")]);
  });

  it("forwards a port, for several connections at a time, and no port but the server's", async () => {
    const forward = running(["port-forward", "pod/plain", ":8000", ":22"]);
    try {
      const portOf = (to: number) => Number(new RegExp(`127.0.0.1:(\\d+) -> ${to}`).exec(forward.text())?.[1]);
      await eventually(async () => expect([portOf(8000), portOf(22)].filter(Number.isNaN)).toEqual([]));
      const url = `http://127.0.0.1:${portOf(8000)}/v2/models/fraud`;
      const answers = await Promise.all(Array.from({ length: 8 }, async () => (await fetch(url)).json()));
      expect(answers).toEqual(Array(8).fill(expect.objectContaining({ name: "fraud", versions: ["1"] })));
      await expect(fetch(`http://127.0.0.1:${portOf(22)}`)).rejects.toThrow();
      await eventually(async () => expect(forward.text()).toContain("and not on 22"));
    } finally {
      forward.process.kill();
      await once(forward.process, "exit");
    }
  });

  it("shows what pods and nodes use", async () => {
    const address = await pods.address("plain");
    await eventually(async () => {
      await Promise.all(Array.from({ length: 20 }, () => infer(address)));
      const { code, out } = await say("top", "pods");
      expect([code, out]).toEqual([0, expect.stringMatching(/plain +\d+m +\d+Mi/)]);
      expect(Number(/plain +\d+m +(\d+)Mi/.exec(out)?.[1])).toBeGreaterThan(20);
    }, 60_000);
    expect((await say("top", "pods", "-l", "app=other")).err).toContain("No resources found");
    expect((await say("top", "nodes")).out).toMatch(/cpu-1 +\d+m[\s\S]*gpu-1 +0m/);
  });

  it("is told that a simulated pod has no process", async () => {
    const { metadata, spec } = fraudPod("simulated");
    const { "serin.dev/server": _, ...labels } = metadata?.labels ?? {};
    const simulated = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, labels }, spec };
    await pods.create(simulated);
    await eventually(async () => expect((await pods.read("simulated")).status?.phase).toBe("Running"));
    for (const args of [
      ["logs", "simulated"],
      ["exec", "simulated", "--", "ls"],
    ]) {
      const { code, err } = await say(...args);
      expect([code, err]).toEqual([1, expect.stringContaining("kwok says that it runs")]);
    }
    const { code, err } = await say("port-forward", "simulated", ":8000");
    expect([code, err]).toEqual([1, expect.stringMatching(/error/)]);
  });
});

describe("serin's own way to a pod", () => {
  const plain = { namespace: "models", pod: "plain", container: "triton" };
  const never = new AbortController().signal;

  it("reads its log and runs programs in it, with input, output and exit code", async () => {
    const client = new KubernetesClient(environment.kubeconfigPath);
    const lines: string[] = [];
    for await (const line of podLog(client, plain, { tailLines: 3 })) lines.push(line);
    expect(lines).toHaveLength(3);
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const read = Promise.all([text(stdout), text(stderr)]);
    stdin.end("typed");
    const command = ["sh", "-c", "cat; echo problem >&2; exit 7"];
    expect(await execInPod(client, plain, { command, stdin, stdout, stderr, tty: false, signal: never })).toBe(7);
    expect(await read).toEqual(["typed", "problem\n"]);
    const missing = {
      command: ["lz"],
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      tty: false,
      signal: never,
    };
    await expect(execInPod(client, plain, missing)).rejects.toThrow('"lz": executable file not found');
  });

  it("forwards its ports", async () => {
    const problems: string[] = [];
    const onProblem = (reason: string) => void problems.push(reason);
    const client = new KubernetesClient(environment.kubeconfigPath);
    const [http, none] = await Promise.all(
      [8000, 22].map((port) => forwardPort(client, { ...plain, port, localPort: 0, onProblem })),
    );
    const url = `http://127.0.0.1:${http?.localPort}/v2/models/fraud`;
    const answers = await Promise.all(Array.from({ length: 8 }, async () => (await fetch(url)).json()));
    expect(answers).toEqual(Array(8).fill(expect.objectContaining({ name: "fraud", versions: ["1"] })));
    await expect(fetch(`http://127.0.0.1:${none?.localPort}`)).rejects.toThrow();
    expect(problems).toEqual([expect.stringContaining("and not on 22")]);
    for (const forward of [http, none]) forward?.close();
  });
});

describe("Prometheus", () => {
  it("has its page", async () => {
    const page = await fetch(`${environment.prometheusUrl}/query`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<title>Prometheus")]);
  });
});

describe("what a kubelet answers", () => {
  it("is answered to the API server alone", async () => {
    const { block, ports } = readState(environment.dataDir) ?? {};
    const answer = await new Promise((resolve) => {
      const options = { host: `127.${block}.0.1`, port: ports?.kubelet, rejectUnauthorized: false };
      request({ ...options, path: "/containerLogs/models/plain/triton" }, (response) => resolve(response.statusCode))
        .on("error", ({ message }) => resolve(message))
        .end();
    });
    expect(answer).toMatch(/certificate required|ECONNRESET|socket hang up/);
  });

  it("has a run before after a restart of the environment, too", async () => {
    const { out } = await say("logs", "plain", "--timestamps");
    await stopSupervisor();
    environment = await startWithModels(name);
    pods = new Pods(environment);
    await pods.whenReady("plain");
    const before = await say("logs", "plain", "--previous", "--timestamps");
    expect(before.out.split(" ")[0]).toBe(out.split(" ")[0]);
  });
});

/** Ends the environment as a crash does; its data stays. */
async function stopSupervisor(): Promise<void> {
  kill(supervisorOf(name));
  await eventually(() => expect(say("get", "nodes")).resolves.toMatchObject({ code: 1 }));
}
