import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Environment, environmentStatus, stopEnvironment } from "../../embedded/environment/environment.ts";
import { sharedMemoryPrefix } from "../../embedded/nodeAgent/nodeAgent.ts";
import { artifactDigest } from "../../rehearsal/local/artifactDigest.ts";
import { eventually, kill, pidOf, processesOf, running, supervisorOf } from "./environmentRuns.ts";
import {
  fraudPod,
  infer,
  modelStore,
  Pods,
  podMonitor,
  startWithModels,
  tritonOf,
  tritonProcesses,
} from "./podRuns.ts";

const name = "node";
const home = mkdtempSync(join(tmpdir(), "serin-node-"));
const homeBefore = process.env.SERIN_HOME;
let environment: Environment;
let pods: Pods;

beforeAll(async () => {
  process.env.SERIN_HOME = home;
  environment = await startWithModels(name);
  pods = new Pods(environment);
});

afterAll(async () => {
  await stopEnvironment(name);
  rmSync(home, { recursive: true, force: true });
  if (homeBefore === undefined) delete process.env.SERIN_HOME;
  else process.env.SERIN_HOME = homeBefore;
});

const sharedMemory = (): string[] => {
  const prefix = sharedMemoryPrefix(environment.dataDir);
  return readdirSync("/dev/shm").filter((file) => file.startsWith(prefix));
};

describe("a pod that runs Triton", () => {
  it("is a real server, ready, and in the mesh under its labels", async () => {
    const address = await pods.run("plain");
    const { metadata, spec } = await pods.registration("plain");
    expect(spec.labels).toMatchObject({ app: "plain", version: "1" });
    expect(spec.ports).toEqual({ http: 8000, grpc: 8001, metrics: 8002 });
    expect(metadata.ownerReferences[0]?.name).toBe("plain");
    expect(await infer(address)).toEqual({ status: 200, version: "1", score: expect.closeTo(0.0879, 3) });
    const { status } = await pods.read("plain");
    expect(status).toMatchObject({
      phase: "Running",
      containerStatuses: [{ restartCount: 0, ready: true, started: true }],
    });
    expect(status?.podIP).toBeUndefined();
  });

  it("starts where its files are those declared, and no Triton where they are others", async () => {
    const tritonsBefore = tritonProcesses(environment).length;
    const digest = artifactDigest(join(modelStore, "fraud/1"));
    const address = await pods.run("checked", { artifact: { digest } });
    expect(await infer(address)).toMatchObject({ status: 200 });
    expect((await pods.read("checked")).status?.initContainerStatuses).toMatchObject([
      { name: "artifact-check", ready: true, state: { terminated: { exitCode: 0 } } },
    ]);

    await pods.create(fraudPod("forged", { version: "2", artifact: { digest } }));
    await pods.create(fraudPod("unpaired", { artifact: { digest, data: "2026-11-01" } }));
    const refused = async (name: string) => {
      const { status } = await pods.read(name);
      return status?.initContainerStatuses?.[0]?.lastState?.terminated;
    };
    const found = artifactDigest(join(modelStore, "fraud/2"));
    const forged = `refused: declared is digest ${digest}, and the files in /models/fraud/2 have ${found}.`;
    await eventually(async () => {
      expect(await refused("forged")).toMatchObject({ exitCode: 65, message: forged });
      expect(await refused("unpaired")).toMatchObject({
        exitCode: 66,
        message:
          "refused: declared is data version 2026-11-01, and /models/fraud/1 has no file data-version that names one.",
      });
      expect(await pods.events("forged")).toContainEqual(expect.stringContaining(forged));
    });
    await sleep(2_000);
    const { status } = await pods.read("forged");
    expect(status).toMatchObject({ phase: "Pending", initContainerStatuses: [{ restartCount: 2 }] });
    expect(tritonProcesses(environment)).toHaveLength(tritonsBefore + 1);
    for (const name of ["checked", "forged", "unpaired"]) await pods.delete(name);
    for (const name of ["checked", "forged", "unpaired"]) await pods.whenGone(name);
  });

  it("is measured as Istio measures, to the request, once a PodMonitor selects it", async () => {
    const address = await pods.run("measured");
    for (let n = 0; n < 100; n += 1) await infer(address);
    await sleep(7_000);
    expect(await pods.query('sum(istio_requests_total{pod="measured"})')).toBeUndefined();

    await pods.create(podMonitor("measured"));
    const selector = 'reporter="destination",destination_workload_namespace="models",pod="measured"';
    await eventually(async () => {
      expect(await pods.query(`sum(istio_requests_total{${selector},response_code="200"})`)).toBe(100);
      expect(await pods.query(`sum(istio_request_duration_milliseconds_count{${selector}})`)).toBe(100);
      expect(await pods.query(`sum(istio_request_duration_milliseconds_bucket{${selector},le=~"1000(\\\\.0)?"})`)).toBe(
        100,
      );
      expect(await pods.query('sum(model_prediction_score_count{namespace="models",pod="measured"})')).toBe(100);
    });
    expect(await pods.query('count(istio_requests_total{pod="plain"})')).toBeUndefined();
  });

  it("shows a server that hangs as requests without an answer", async () => {
    const address = await pods.address("measured");
    const triton = tritonOf(environment, address);
    process.kill(triton, "SIGSTOP");
    try {
      await expect(infer(address, 700)).rejects.toThrow();
    } finally {
      process.kill(triton, "SIGCONT");
    }
    const hung = 'istio_request_duration_milliseconds_count{pod="measured",response_code="0"}';
    await eventually(async () => expect(await pods.query(`sum(${hung})`)).toBe(1));
  });

  it("that dies is counted as failing, leaves the mesh, and comes back", async () => {
    const address = await pods.address("measured");
    process.kill(tritonOf(environment, address), "SIGKILL");
    const answers = await Promise.all(Array.from({ length: 5 }, () => infer(address)));
    expect(answers).toEqual(Array(5).fill(expect.objectContaining({ status: 503, version: "1" })));
    await eventually(() => expect(pods.address("measured")).rejects.toThrow());
    const failed = 'istio_requests_total{pod="measured",response_code="503"}';
    await eventually(async () => expect(await pods.query(`sum(${failed})`)).toBe(5));

    await pods.whenReady("measured");
    expect((await infer(await pods.address("measured"))).status).toBe(200);
    const status = (await pods.read("measured")).status?.containerStatuses?.[0];
    expect(status).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137, reason: "Error" } } });
  });

  it("that dies again waits for its next start as under a kubelet", async () => {
    process.kill(tritonOf(environment, await pods.address("measured")), "SIGKILL");
    await eventually(async () => {
      const { phase, containerStatuses } = (await pods.read("measured")).status ?? {};
      expect(phase).toBe("Running");
      expect(containerStatuses?.[0]?.state?.waiting).toMatchObject({
        reason: "CrashLoopBackOff",
        message: expect.stringContaining("back-off 10s"),
      });
    });
  });

  it("leaves the mesh before its server ends, and nothing behind", async () => {
    const before = sharedMemory().length;
    const address = await pods.run("leaving", { preStopSeconds: 3 });
    await pods.delete("leaving");
    await eventually(() => expect(pods.address("leaving")).rejects.toThrow());
    expect((await infer(address)).status).toBe(200);
    await pods.whenGone("leaving");
    expect(tritonProcesses(environment).map((process) => process.address)).not.toContain(address);
    await expect(infer(address)).rejects.toThrow();
    expect(sharedMemory().length).toBe(before);
  });
});

describe("a pod that cannot run", () => {
  const waitingOf = async (pod: string) => (await pods.read(pod)).status?.containerStatuses?.[0]?.state?.waiting;

  it("says which versions there are when its own is missing", async () => {
    await pods.create(fraudPod("missing-version", { version: "99" }));
    await eventually(async () =>
      expect(await waitingOf("missing-version")).toMatchObject({
        reason: "CreateContainerConfigError",
        message: expect.stringMatching(/fraud\/99 does not exist .*Its parent folder contains: 1, 2\./),
      }),
    );
  });

  it("says which claim it waits for", async () => {
    await pods.create(fraudPod("missing-claim", { claim: "nothing" }));
    await eventually(async () =>
      expect(await waitingOf("missing-claim")).toEqual({
        reason: "ContainerCreating",
        message: 'persistentvolumeclaim "nothing" not found in namespace models.',
      }),
    );
  });

  it("goes when it is deleted", async () => {
    await pods.delete("missing-version");
    await pods.delete("missing-claim");
    await pods.whenGone("missing-version");
    await pods.whenGone("missing-claim");
  });
});

describe("while parts of the environment die", () => {
  it("a server goes on when the API server is killed, and later pods are run", async () => {
    const address = await pods.address("plain");
    const triton = tritonOf(environment, address);
    kill(pidOf(name, "kube-apiserver"));
    expect((await infer(address)).status).toBe(200);
    await eventually(() => pods.read("plain"));
    await pods.run("later");
    expect(tritonOf(environment, await pods.address("plain"))).toBe(triton);
    expect((await pods.read("plain")).status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true });
    expect((await infer(address)).status).toBe(200);
  });

  it("a pod deleted without the API server's knowing ends all the same, once", async () => {
    await pods.delete("later");
    kill(pidOf(name, "kube-apiserver"));
    await eventually(() => pods.read("plain"));
    await pods.whenGone("later");
    expect(tritonProcesses(environment).length).toBeLessThanOrEqual(2);
  });

  it("the sidecar is started again with every pod behind it", async () => {
    const address = await pods.address("plain");
    const sidecars = processesOf(name).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("sidecar-"),
    );
    expect(sidecars).toHaveLength(1);
    for (const pid of sidecars) kill(pid);
    await eventually(async () => expect((await infer(address)).status).toBe(200));
    expect((await pods.read("plain")).status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it("every pod has one server again after the supervisor was killed", async () => {
    const before = tritonProcesses(environment);
    kill(supervisorOf(name));
    await eventually(async () => expect(running(before.map(({ pid }) => pid))).toEqual([]));
    environment = await startWithModels(name);
    pods = new Pods(environment);
    await pods.whenReady("plain");
    const address = await pods.address("plain");
    expect((await infer(address)).status).toBe(200);
    expect(tritonProcesses(environment).filter((process) => process.address === address)).toHaveLength(1);
    expect((await pods.read("plain")).status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { reason: "Unknown" } },
    });
    expect(environmentStatus(name).find((process) => process.name === "node-agent")?.ready).toBe(true);
  });

  it("stopping leaves no process and no shared memory", async () => {
    const pids = processesOf(name);
    await stopEnvironment(name);
    expect(running(pids)).toEqual([]);
    expect(tritonProcesses(environment)).toEqual([]);
    expect(sharedMemory()).toEqual([]);
  });
});
