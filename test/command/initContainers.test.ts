import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Container, V1ContainerStatus, V1Pod, V1PodStatus } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Artifact, artifactContainer } from "../../components/model/artifact.ts";
import type { AgentClient } from "../../embedded/nodeAgent/agentClient.ts";
import { type PodHost, PodWorker } from "../../embedded/nodeAgent/podWorker.ts";
import type { Sidecars } from "../../embedded/nodeAgent/sidecar.ts";
import { artifactDigest } from "../../rehearsal/local/artifactDigest.ts";
import { tritonPod } from "../embedded/nodeAgent/pods.ts";

let directory: string;
let version: string;
let worker: PodWorker | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "serin-init-"));
  version = join(directory, "store/fraud/1");
  mkdirSync(join(version, "fraud/1"), { recursive: true });
  writeFileSync(join(version, "fraud/1/model.py"), "weights = 1\n");
  writeFileSync(join(version, "data-version"), "2026-11-01\n");
});

afterEach(async () => {
  worker?.abandon();
  await worker?.done;
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a pod with the check of this artifact. Its Triton never starts: there is no sidecar for it. */
function run(artifact: Artifact) {
  const plain = tritonPod("a");
  const container = plain.spec?.containers[0];
  const check = artifactContainer(artifact, "/models/fraud/1", { image: "triton" }) as V1Container;
  const initContainers = [{ ...check, volumeMounts: container?.volumeMounts ?? [] }];
  const pod: V1Pod = { ...plain, spec: { ...plain.spec, containers: plain.spec?.containers ?? [], initContainers } };
  let status: V1PodStatus | undefined;
  const events: string[] = [];
  const cluster: Partial<AgentClient> = {
    claim: async () => ({ spec: { volumeName: "pv" }, status: { phase: "Bound" } }),
    volume: async () => ({ spec: { hostPath: { path: join(directory, "store") } } }),
    patchPodStatus: async (_pod, written) => {
      status = written;
    },
    warn: async (_pod, reason, message, about) => {
      events.push(`${about} ${reason}: ${message}`);
    },
  };
  const sidecars = { add: () => Promise.reject(new Error("no sidecar")), remove: () => undefined };
  worker = new PodWorker(pod, {
    cluster: cluster as AgentClient,
    sidecars: sidecars as unknown as Sidecars,
    loopback: { allocate: () => "127.0.0.9", release: () => undefined } as unknown as PodHost["loopback"],
    triton: { bin: "false", backends: "", env: {} },
    podsDirectory: join(directory, "pods"),
    logsDirectory: join(directory, "logs"),
    sharedMemoryPrefix: "serin-init-test-",
    onScrapeChange: () => undefined,
    log: () => undefined,
  });
  const init = (): V1ContainerStatus | undefined => status?.initContainerStatuses?.[0];
  const condition = (type: string) => status?.conditions?.find((found) => found.type === type);
  return { init, condition, events, status: () => status };
}

const patience = { timeout: 10_000, interval: 50 };

describe("the node agent's init containers", () => {
  it("let Triton start where the files are those declared", async () => {
    const pod = run({ digest: artifactDigest(version), data: "2026-11-01" });
    await vi.waitFor(() => expect(pod.init()?.state?.terminated).toMatchObject({ exitCode: 0 }), patience);
    await vi.waitFor(() => expect(pod.condition("Initialized")?.status).toBe("True"), patience);
    // Only now the pod is prepared: of this one, the missing sidecar is what shows.
    await vi.waitFor(() => expect(pod.events).toEqual([expect.stringContaining("no sidecar")]), patience);
  });

  it("keep Triton from starting where the data version is another, in words of the container", async () => {
    const pod = run({ digest: artifactDigest(version), data: "2026-12-01" });
    const words = "refused: declared is data version 2026-12-01, and /models/fraud/1/data-version says 2026-11-01.";
    // The first restart is at once, as a kubelet's.
    await vi.waitFor(() => expect(pod.init()?.restartCount).toBe(2), patience);
    expect(pod.init()).toMatchObject({
      ready: false,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 65, reason: "Error", message: words } },
    });
    expect(pod.condition("Initialized")).toMatchObject({
      status: "False",
      message: "containers with incomplete status: [artifact-check]",
    });
    expect(pod.status()?.phase).toBe("Pending");
    expect(pod.status()?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "PodInitializing" } });
    expect(pod.events.at(-1)).toBe(
      `spec.initContainers{artifact-check} BackOff: back-off 10s restarting failed container=artifact-check pod=models/a; exit code 65: ${words}`,
    );
  });

  it("keep Triton from starting where a file was changed", async () => {
    const digest = artifactDigest(version);
    writeFileSync(join(version, "fraud/1/model.py"), "weights = 2\n");
    const pod = run({ digest });
    await vi.waitFor(
      () =>
        expect(pod.init()?.lastState?.terminated?.message).toBe(
          `refused: declared is digest ${digest}, and the files in /models/fraud/1 have ${artifactDigest(version)}.`,
        ),
      patience,
    );
  });

  it("say that the version is not there", async () => {
    const digest = artifactDigest(version);
    rmSync(version, { recursive: true });
    const pod = run({ digest });
    await vi.waitFor(
      () =>
        expect(pod.init()?.lastState?.terminated).toMatchObject({
          exitCode: 66,
          message: "refused: the folder /models/fraud/1 of this version does not exist or cannot be read.",
        }),
      patience,
    );
  });
});
