import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Terminal } from "../../cli/confirm.ts";
import type { Answer, Invocation, LongAnswer } from "../../cli/run.ts";
import { changeRelease } from "../../cli/verbs/release.ts";
import { releaseStatus } from "../../cli/verbs/releaseStatus.ts";
import { type Screen, watch } from "../../cli/verbs/watch.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { actionsAnnotation, type RecordedAction } from "../../rehearsal/cluster/releaseView.ts";
import { environments } from "../../stacks/project.ts";
import { kubeconfigOf } from "../engine/kubernetes/kubeconfig.fixture.ts";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** What the tests change of the Rollout that the server has. */
interface Cluster {
  readonly kubeconfig: string;
  readonly sent: Sent[];
  rollout: { metadata: Record<string, unknown>; spec: Record<string, unknown>; status: Record<string, unknown> };
  /** Answers the next write of the Rollout as one that comes after another. */
  conflicts: number;
  isDeployed: boolean;
  /** The pods of the model. */
  pods: unknown[];
}

const home = mkdtempSync(join(tmpdir(), "serin-release-verbs-"));
const servers: Server[] = [];
const invocation: Invocation = { signal: new AbortController().signal, json: true };

beforeEach(() => void vi.stubEnv("SERIN_HOME", home));
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** An API server with one Rollout, version 2 of `fraud` at 5 %, which does at once what it is asked. */
async function cluster(): Promise<Cluster> {
  const state: Omit<Cluster, "kubeconfig"> = {
    sent: [],
    rollout: releasing(),
    conflicts: 0,
    isDeployed: true,
    pods: [],
  };
  const rollouts = "/apis/argoproj.io/v1alpha1/namespaces/models/rollouts/fraud";
  const server = createServer(async (request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const answer = (code: number, body: unknown) => response.writeHead(code).end(JSON.stringify(body));
    if (request.method !== "GET") {
      const body = JSON.parse(text) as Record<string, unknown>;
      state.sent.push({ method: request.method ?? "", path, body });
      if (path.endsWith("/selfsubjectreviews")) {
        return answer(201, { status: { userInfo: { username: "ada@example.com" } } });
      }
      if (path.includes("/events/")) return answer(201, body);
      if (state.conflicts-- > 0) return answer(409, { message: "the object has been modified", reason: "Conflict" });
      const { metadata, status, spec } = body as Record<string, Record<string, unknown>>;
      Object.assign(state.rollout.metadata, {
        annotations: metadata?.annotations ?? state.rollout.metadata.annotations,
      });
      Object.assign(state.rollout.spec, spec);
      Object.assign(state.rollout.status, status);
      return answer(200, state.rollout);
    }
    if (path === rollouts && state.isDeployed) return answer(200, state.rollout);
    if (path.endsWith("/replicasets")) {
      return answer(200, { items: [replicaSet("1", "stable"), replicaSet("2", "canary")] });
    }
    if (path.endsWith("/pods")) return answer(200, { items: state.pods });
    if (path.endsWith("/analysisruns")) return answer(200, { items: [] });
    if (path.endsWith("/virtualservices/fraud-release")) {
      return answer(200, {
        spec: {
          http: [
            {
              name: "primary",
              route: [{ destination: { subset: "canary" }, weight: state.rollout.status.abort === true ? 0 : 5 }],
            },
          ],
        },
      });
    }
    return answer(404, { message: "not found" });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const kubeconfig = join(home, `${(server.address() as AddressInfo).port}.json`);
  writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  return Object.assign(state, { kubeconfig });
}

function releasing(): Cluster["rollout"] {
  return {
    metadata: { name: "fraud", generation: 3, uid: "uid", resourceVersion: "41" },
    spec: {
      replicas: 2,
      template: { metadata: { labels: { version: "2" } } },
      strategy: { canary: { steps: [{ setWeight: 5 }, { pause: { duration: 60 } }, { setWeight: 100 }] } },
    },
    status: {
      phase: "Progressing",
      stableRS: "stable",
      currentPodHash: "canary",
      observedGeneration: "3",
      currentStepIndex: 1,
      readyReplicas: 4,
    },
  };
}

function replicaSet(version: string, hash: string) {
  return {
    metadata: {
      labels: { "rollouts-pod-template-hash": hash },
      annotations: { "rollout.argoproj.io/revision": version },
      ownerReferences: [{ name: "fraud", uid: "uid" }],
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: { replicas: 2, template: { metadata: { labels: { version, "rollouts-pod-template-hash": hash } } } },
    status: { availableReplicas: 2 },
  };
}

function change(
  verb: "abort" | "pause" | "promote",
  at: Cluster,
  more: object = {},
  terminal?: Terminal,
): Promise<Answer> {
  const options = { environment: "local", kubeconfig: at.kubeconfig, reason: "error budget spent, INC-7", yes: true };
  return changeRelease(verb, "fraud", { ...options, ...more }, invocation, terminal);
}

async function refusal(answer: Promise<unknown>): Promise<ProblemError> {
  const error = await answer.catch((reason: unknown) => reason);
  if (error instanceof ProblemError) return error;
  throw new Error(`expected a problem, got ${String(error)}`);
}

describe("a verb that changes a release", () => {
  it("keeps who, why and when on the Rollout before anything else, and tells the cluster's events", async () => {
    const at = await cluster();
    const { exitCode, result, text } = await change("abort", at);
    const [review, annotation, abort, event] = at.sent;
    expect(review?.path).toMatch(/selfsubjectreviews$/);
    expect(annotation?.body).toMatchObject({ metadata: { resourceVersion: "41" } });
    const { annotations } = at.rollout.metadata as { annotations: Record<string, string> };
    const actions = JSON.parse(annotations[actionsAnnotation] ?? "") as RecordedAction[];
    expect(actions).toMatchObject([
      {
        verb: "abort",
        by: "ada@example.com",
        reason: "error budget spent, INC-7",
        stable: "1",
        version: "2",
        weight: 5,
      },
    ]);
    expect(abort).toMatchObject({
      path: expect.stringMatching(/rollouts\/fraud\/status$/),
      body: { status: { abort: true } },
    });
    expect(event?.body).toMatchObject({
      kind: "Event",
      reason: "ReleaseAbort",
      message: "ada@example.com: error budget spent, INC-7",
      involvedObject: { kind: "Rollout", name: "fraud", uid: "uid" },
    });
    expect(at.sent).toHaveLength(4);
    expect(result).toMatchObject({
      done: true,
      action: { by: "ada@example.com" },
      version: { stable: "1", newest: "2" },
      weight: 0,
    });
    expect(text).toContain("Recorded: ada@example.com");
    expect(exitCode).toBe(exitCodes.ok);
  });

  it("reads the Rollout again where the controller has written it in between", async () => {
    const at = await cluster();
    at.conflicts = 2;
    expect((await change("abort", at)).result).toMatchObject({ done: true });
  });

  it("waits until the controller has seen the last change, since the state is of the change before", async () => {
    const at = await cluster();
    at.rollout.status.observedGeneration = "2";
    setTimeout(() => {
      at.rollout.status.observedGeneration = "3";
    }, 300);
    expect((await change("abort", at)).result).toMatchObject({ done: true });
  });

  it("shows what it will do and goes on only when the model's name is typed", async () => {
    const at = await cluster();
    const asked = (typed: string) => {
      const input = Object.assign(new PassThrough(), { isTTY: true });
      input.write(`${typed}\n`);
      return { input, output: new PassThrough() };
    };
    const no = asked("yes");
    await expect(change("abort", at, { yes: false }, no)).rejects.toThrow('"yes" is not "fraud"');
    expect(at.sent).toEqual([]);
    expect(String(no.output.read())).toContain(
      "fraud on embedded: version 2 has 5 % of the traffic, version 1 95 % (progressing).\nVersion 1 gets 100 % of the traffic back",
    );
    await change("abort", at, { yes: false }, asked("fraud"));
    expect(at.sent.some(({ path }) => path.endsWith("/status"))).toBe(true);
  });

  it("does nothing where nobody can be asked", async () => {
    const at = await cluster();
    const input = Object.assign(new PassThrough(), { isTTY: false });
    const error = await refusal(change("abort", at, { yes: false }, { input, output: new PassThrough() }));
    expect(error.message).toContain("--yes: there is no terminal to ask on.");
    expect(at.sent).toEqual([]);
  });

  it("does nothing when another version was declared while the person was asked", async () => {
    const at = await cluster();
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough();
    output.once("data", () => {
      at.rollout.status.currentPodHash = "other";
      input.write("fraud\n");
    });
    const error = await refusal(change("abort", at, { yes: false }, { input, output }));
    expect(error.message).toContain("the release has moved on since");
    expect(at.sent.filter(({ path }) => path.includes("/rollouts/"))).toEqual([]);
  });

  it.each(["", "  ", "two\nlines", "x".repeat(501)])("wants one line that says why, not %j", async (reason) => {
    const at = await cluster();
    expect((await refusal(change("abort", at, { reason }))).problems[0]?.path).toBe("--reason");
  });

  it("is refused where the environment forbids it, with the exit code of a policy", async () => {
    const at = await cluster();
    const { local } = environments;
    try {
      Object.assign(environments, { local: { ...local, forbiddenReleaseVerbs: ["promote"] } });
      const error = await refusal(change("promote", at));
      expect(error.exitCode).toBe(exitCodes.policy);
      expect(error.message).toContain('environment "local" forbids it');
      expect(at.sent).toEqual([]);
      await change("abort", at);
    } finally {
      Object.assign(environments, { local });
    }
  });

  it("asks for the cluster of an environment that is not on this machine", async () => {
    const options = { environment: "prod", reason: "why", yes: true };
    expect((await refusal(changeRelease("abort", "fraud", options, invocation))).problems[0]?.path).toBe(
      "--kubeconfig",
    );
  });

  it("says that a model is not deployed", async () => {
    const at = await cluster();
    at.isDeployed = false;
    const error = await refusal(change("abort", at));
    expect(error.message).toContain('Model "fraud" is not deployed on embedded');
    expect(error.exitCode).toBe(exitCodes.unavailable);
  });
});

it("says why pods of the new version do not start, where their files are others than declared", async () => {
  const at = await cluster();
  const message = "refused: declared is digest sha256:1, and the files in /models/fraud/2 have sha256:2.";
  const terminated = { exitCode: 65, message };
  const check = { name: "artifact-check", ready: false, state: { waiting: {} }, lastState: { terminated } };
  at.pods = [
    {
      metadata: { name: "fraud-2-abc", namespace: "models", labels: { version: "2" } },
      status: {
        initContainerStatuses: [check],
        containerStatuses: ["triton", "istio-proxy"].map((name) => ({
          name,
          ready: false,
          state: { waiting: { reason: "PodInitializing" } },
        })),
      },
    },
  ];
  const { text, result } = await releaseStatus(
    "fraud",
    { environment: "local", kubeconfig: at.kubeconfig },
    invocation,
  );
  expect(result).toMatchObject({ findings: [{ evidence: [expect.stringContaining(message)] }] });
  expect(text?.replace(/\s+/g, " ")).toContain(`termination message: ${message}`);
});

it("shows the step, the pods of both versions and what people did", async () => {
  const at = await cluster();
  await change("pause", at);
  const { text, result } = await releaseStatus(
    "fraud",
    { environment: "local", kubeconfig: at.kubeconfig },
    invocation,
  );
  expect(text).toContain("version 2 has 5 % of the traffic, version 1 95 % (paused by a person).");
  expect(text).toContain("Step 2 of 3: wait 60 s.");
  expect(text).toMatch(/2 +2 {2}2 of 2 available {2}newest/);
  expect(text).toMatch(/ada@example.com {2}pause of 2 {2}error budget spent, INC-7/);
  expect(result).toMatchObject({ paused: true, weight: 5, actions: [{ verb: "pause" }] });
});

it("says that a step takes longer than planned, since nothing pauses a release that gets no verdict", async () => {
  const at = await cluster();
  const status = () => releaseStatus("fraud", { environment: "local", kubeconfig: at.kubeconfig }, invocation);
  at.rollout.metadata.annotations = { "serin.dev/planned-step-seconds": "[450,60,450]" };
  at.rollout.status.currentStepIndex = 1;
  const since = (seconds: number) => new Date(Date.now() - 1_000 * seconds).toISOString();
  at.rollout.status.pauseConditions = [{ reason: "CanaryPauseStep", startTime: since(50) }];
  expect((await status()).text).not.toContain("planned");
  at.rollout.status.pauseConditions = [{ reason: "CanaryPauseStep", startTime: since(3_600) }];
  const { text, result } = await status();
  expect(text).toContain("It has taken 60 min; planned are at most 60 s.");
  expect(result).toMatchObject({ stepSeconds: { planned: 60 } });
});

describe("watch", () => {
  const wide: Screen = { isTTY: true, columns: () => 80 };
  const piped: Screen = { ...wide, isTTY: false };
  /** Watches a release that the controller rolls back after the first look. */
  async function rolledBack(
    json: boolean,
    screen: Screen,
  ): Promise<{ printed: string[]; exitCode: number | undefined }> {
    const at = await cluster();
    const answer = await watch(
      "fraud",
      { environment: "local", kubeconfig: at.kubeconfig },
      { ...invocation, json },
      screen,
    );
    const printed: string[] = [];
    for await (const piece of (answer as LongAnswer).pieces) {
      printed.push(piece);
      Object.assign(at.rollout.status, { abort: true, phase: "Degraded" });
    }
    return { printed, exitCode: answer.exitCode };
  }

  it("prints a line per change where output is piped, and ends with 5 once it is rolled back", async () => {
    const { printed, exitCode } = await rolledBack(false, piped);
    expect(printed.map((line) => line.slice(10))).toEqual([
      "version 2 has 5 % of the traffic, version 1 the rest\n",
      "0 % of the traffic on version 2\n",
      "version 2 rolled back: the version before has all of the traffic\n",
    ]);
    expect(exitCode).toBe(exitCodes.releaseFailed);
  });

  it("draws over its block on a terminal, and leaves the timeline", async () => {
    const { printed } = await rolledBack(false, wide);
    const [first = "", second = ""] = printed;
    expect(first).toContain("\nStep 2 of 3: wait 60 s\n");
    // The block's three lines are taken away, the line of the timeline above them is not.
    expect(first.trimEnd().split("\n")).toHaveLength(4);
    expect(second.startsWith("\u001b[3A\u001b[0J")).toBe(true);
    expect(second).toContain("version 2 rolled back");
  });

  it("prints a document per state for programs, the last with the outcome", async () => {
    const { printed } = await rolledBack(true, piped);
    expect(printed.every((line) => line.endsWith("}\n"))).toBe(true);
    const states = printed.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(states[0]).toMatchObject({ weight: 5, step: { number: 2, of: 3 }, version: { stable: "1", newest: "2" } });
    expect(states.at(-1)).toMatchObject({ weight: 0, outcome: "rolledBack" });
  });

  it("says that no release is under way, and ends", async () => {
    const at = await cluster();
    Object.assign(at.rollout.status, { currentPodHash: "stable", phase: "Healthy" });
    const answer = (await watch("fraud", { environment: "local", kubeconfig: at.kubeconfig }, invocation)) as Answer;
    expect(answer.text).toContain("No release is under way.");
    expect(answer.exitCode).toBe(exitCodes.ok);
  });
});
