import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Allocation } from "../../../embedded/controlPlane/allocation.ts";
import * as controlPlane from "../../../embedded/controlPlane/processes.ts";
import { gateway } from "../../../embedded/mesh/gateway.ts";
import { istiod } from "../../../embedded/mesh/istiod.ts";
import type { ProcessSpec } from "../../../embedded/process/processSpec.ts";
import { prometheus } from "../../../embedded/prometheus.ts";
import { makeAllocation } from "../allocation.fixture.ts";

let allocation: Allocation;
let specs: ProcessSpec[];
beforeAll(async () => {
  allocation = await makeAllocation();
  const { etcd, kubeApiserver, kubeControllerManager, kubeScheduler, kwok, argoRollouts } = controlPlane;
  const builders = [
    etcd,
    kubeApiserver,
    kubeControllerManager,
    kubeScheduler,
    kwok,
    argoRollouts,
    istiod,
    gateway,
    prometheus,
  ];
  specs = builders.map((build) => build(allocation));
});
afterAll(() => rmSync(allocation.dataDir, { recursive: true, force: true }));

function flags(name: string): readonly string[] {
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec === undefined) throw new Error(`There is no process ${name}.`);
  return spec.args;
}

describe("the processes of an environment", () => {
  it("have their health URLs on the environment's address", () => {
    for (const { name, ready } of specs) {
      if ("url" in ready) expect([name, new URL(ready.url).hostname]).toEqual([name, allocation.host]);
    }
  });

  it("listen on the environment's address only", () => {
    const addresses = specs.flatMap(({ args }) =>
      args.flatMap((argument) => argument.match(/\d+\.\d+\.\d+\.\d+/g) ?? []),
    );
    const elsewhere = addresses.filter((address) => address !== allocation.host);
    // These are no listeners: the advertised address, which no client uses, and the ranges of Services and pods.
    expect(new Set(elsewhere)).toEqual(new Set(["192.0.2.1", "10.96.0.0", "10.244.0.0"]));
  });

  it("have no secret in their command lines or environment variables", () => {
    const folder = join(allocation.dataDir, "secrets");
    const secrets = readdirSync(folder).filter((file) => /token|\.key$/.test(file));
    expect(secrets.length).toBeGreaterThan(4);
    const visible = JSON.stringify(specs.map(({ args, env }) => ({ args, env })));
    for (const file of secrets)
      expect(visible).not.toContain(readFileSync(join(folder, file), "utf8").trim().split("\n").at(1) ?? "?");
    expect(visible).not.toContain(allocation.credentials.adminToken);
  });

  it("authenticate each other: no anonymous user, and no etcd client without a certificate", () => {
    expect(flags("kube-apiserver")).toContain("--anonymous-auth=false");
    expect(flags("kube-apiserver")).toContain("--authorization-mode=Node,RBAC");
    expect(flags("etcd")).toEqual(expect.arrayContaining(["--client-cert-auth", "--peer-client-cert-auth"]));
  });

  it("include the controllers that a model needs: volume binder and node lifecycle", () => {
    const controllers = flags("kube-controller-manager").find((flag) => flag.startsWith("--controllers=")) ?? "";
    expect(controllers).toContain("*");
    expect(controllers).not.toContain("-persistentvolume-binder-controller");
    expect(controllers).not.toContain("-node-lifecycle-controller");
  });

  it("make kwok ignore the pods of the node agent", () => {
    expect(flags("kwok")).toContain("--disregard-status-with-label-selector=serin.dev/server=triton");
  });

  it("recognise the log line of a started Rollouts controller", () => {
    const ready = specs.find(({ name }) => name === "argo-rollouts")?.ready;
    const line = 'time="2026-11-22T19:10:01Z" level=info msg="Started controller"';
    expect(ready !== undefined && "logLine" in ready && ready.logLine.test(line)).toBe(true);
  });
});
