import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down } from "../../cli/verbs/down.ts";
import { preflight } from "../../cli/verbs/preflight.ts";
import { up } from "../../cli/verbs/up.ts";
import { gpuTaint } from "../../components/cluster/gpuPool.ts";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { type Environment, findEnvironment } from "../../embedded/environment/environment.ts";
import { KubernetesClient } from "../../engine/kubernetes/kubernetesClient.ts";
import type { CheckResult } from "../../preflight/check.ts";
import { accessNeeds } from "../../preflight/checks/permissions.ts";
import type { ClusterNeeds } from "../../preflight/clusterNeeds.ts";
import { declaredNeeds } from "../../preflight/declaredNeeds.ts";
import { preflightChecks } from "../../preflight/preflightChecks.ts";
import { readCluster } from "../../preflight/readCluster.ts";
import { local } from "../../stacks/environments/local.ts";
import { pool } from "../preflight/cluster.ts";
import { clientOf, eventually } from "./environmentRuns.ts";

const invocation = { signal: new AbortController().signal, json: true } as const;
const command = fileURLToPath(new URL("../../bin/serin.js", import.meta.url));
let home: string;
let environment: Environment;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-preflight-"));
  process.env.SERIN_HOME = home;
  await up("local", { engine: "live" }, invocation);
  environment = findEnvironment("local") as Environment;
});

afterAll(async () => {
  await down("local", { engine: "live" }, invocation);
  rmSync(home, { recursive: true, force: true });
  delete process.env.SERIN_HOME;
});

type Result = { clusters: { cluster: string; server: string; version: string; checks: CheckResult[] }[] };

function failedIn(checks: readonly CheckResult[]): string[] {
  return checks.filter(({ status }) => status === "failed").map(({ check }) => check);
}

describe("the embedded environment", () => {
  it("passes, by the command and inside up", async () => {
    const { result, exitCode, text } = await preflight("local", {}, invocation);
    const [cluster] = (result as Result).clusters;
    expect(cluster).toMatchObject({ cluster: "embedded", version: expect.stringMatching(/^v1\.35\./) });
    expect(failedIn(cluster?.checks ?? [])).toEqual([]);
    expect(cluster?.checks.find(({ check }) => check === "systems")).toMatchObject({ status: "passed" });
    expect(text).toContain("not needed");
    expect(exitCode).toBe(exitCodes.ok);
  });

  it("is a program's exit code, too", async () => {
    const { exitCode, stdout } = await execa(process.execPath, [command, "preflight", "local", "--json"]);
    expect(exitCode).toBe(0);
    expect((JSON.parse(stdout) as Result).clusters).toHaveLength(1);
  });
});

describe("simulated GPU nodes", () => {
  const spec = local.clusters.embedded;
  const needs: ClusterNeeds = {
    ...declaredNeeds(local, "embedded", spec),
    gpuPools: {
      l4: pool({ min: 2, vcpu: 16, memoryGiB: 64, driver: { owner: "preinstalled", version: "580.173.02" } }),
    },
    systems: { ...declaredNeeds(local, "embedded", spec).systems, gpuOperator: "none" },
  };

  async function gpuChecks(): Promise<CheckResult[]> {
    const reading = { access: accessNeeds(needs), signal: invocation.signal };
    const facts = await readCluster(environment.kubeconfigPath, reading);
    return preflightChecks({ ...facts, images: [] }, needs);
  }

  it("pass when they are as declared", async () => {
    await Promise.all([addNode("l4-1"), addNode("l4-2")]);
    await eventually(async () => expect(failedIn(await gpuChecks())).toEqual([]));
    const checks = await gpuChecks();
    expect(checks.find(({ check }) => check === "gpu")).toMatchObject({
      status: "passed",
      found: "2 offered on 2 nodes",
    });
    expect(checks.find(({ check }) => check === "driver")).toMatchObject({ status: "passed", found: "580.173.02" });
  });

  it("fail for everything that is wrong with one of them, at once", async () => {
    await addNode("l4-3", {
      capacity: { cpu: "4", memory: "15935152Ki", "nvidia.com/gpu": "0" },
      taints: [{ ...gpuTaint, value: "true" }],
      runtime: "docker://27.3.1",
    });
    await eventually(async () => {
      expect(failedIn(await gpuChecks())).toEqual(["cpu", "memory", "gpu", "taints", "runtime"]);
    });
    await remove("l4-3");
  });

  it("fail for a node that is gone", async () => {
    await remove("l4-2");
    await eventually(async () => {
      const found = (await gpuChecks()).find(({ check }) => check === "pools");
      expect(found).toMatchObject({ status: "failed", found: "l4: 1 of 2 nodes" });
    });
    await remove("l4-1");
  });
});

describe("up on a cluster that cannot carry what it installs", () => {
  it("ends with a code of its own and changes nothing", async () => {
    const before = await everything();
    const options = { engine: "live", kubeconfig: environment.kubeconfigPath } as const;
    const error = await up("local", options, invocation).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    const { exitCode, problems, message } = error as ProblemError;
    expect(exitCode).toBe(exitCodes.preflight);
    expect(message).toContain('Nothing was changed: clusters of environment "local" do not pass the preflight');
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["embedded, platform systems", "embedded, ingress", "embedded, storage class"]),
    );
    expect(message).toMatch(/Istio is to be installed, and \S+\.istio\.io is there already, from serin-embedded/);
    expect(await everything()).toEqual(before);
  });
});

/** The versions of what `up` could have touched. */
async function everything(): Promise<Record<string, string | undefined>> {
  const client = new KubernetesClient(environment.kubeconfigPath);
  const paths = [
    "/api/v1/namespaces",
    "/api/v1/namespaces/models/services",
    "/apis/argoproj.io/v1alpha1/namespaces/models/analysistemplates",
    "/apis/networking.istio.io/v1/namespaces/models/virtualservices",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ];
  const lists = await Promise.all(
    paths.map((path) => client.send<{ items: KubernetesObject[] }>({ method: "GET", path })),
  );
  return Object.fromEntries(
    lists.flatMap(({ items }, index) =>
      items.map(({ metadata }) => [`${paths[index]}/${metadata?.name}`, metadata?.resourceVersion]),
    ),
  );
}

/** A machine as a cloud would make it; kwok keeps it ready and its lease renewed. */
async function addNode(
  name: string,
  { capacity, taints = [gpuTaint], runtime = "containerd://2.1.5" }: NodeOptions = {},
): Promise<void> {
  const has = { cpu: "16", memory: "65814620Ki", pods: "110", "nvidia.com/gpu": "1", ...capacity };
  const nodeInfo = {
    architecture: "amd64",
    operatingSystem: "linux",
    osImage: "Ubuntu 24.04.3 LTS",
    kernelVersion: "6.8.0-87-generic",
    containerRuntimeVersion: runtime,
    kubeletVersion: "v1.35.4",
    kubeProxyVersion: "",
    bootID: "",
    machineID: "",
    systemUUID: "",
  };
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "serin.dev/simulated": "true",
        "serin.dev/gpu-class": "L4",
        "nvidia.com/gpu.product": "NVIDIA-L4",
        "nvidia.com/cuda.driver-version.full": "580.173.02",
      },
    },
    spec: { taints },
    status: { capacity: has, allocatable: has, nodeInfo },
  };
  const api: KubernetesObjectApi = clientOf(environment);
  await api.create(node);
  const client = new KubernetesClient(environment.kubeconfigPath);
  await client.send({
    method: "PATCH",
    path: `/api/v1/nodes/${name}/status`,
    contentType: "application/merge-patch+json",
    body: { status: node.status },
  });
}

interface NodeOptions {
  readonly capacity?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  readonly runtime?: string;
}

async function remove(name: string): Promise<void> {
  await new KubernetesClient(environment.kubeconfigPath).send({ method: "DELETE", path: `/api/v1/nodes/${name}` });
}
