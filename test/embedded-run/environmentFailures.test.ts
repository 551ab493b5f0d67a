import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Environment,
  environmentStatus,
  findEnvironment,
  stopEnvironment,
} from "../../embedded/environment/environment.ts";
import { environmentDir, environmentFiles } from "../../embedded/machine/paths.ts";
import {
  ask,
  clientOf,
  eventually,
  kill,
  listenersOf,
  pidOf,
  processesOf,
  running,
  supervisorOf,
  TestEnvironments,
  tokenOf,
} from "./environmentRuns.ts";

const environments = new TestEnvironments();
const keepsake = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "keepsake", namespace: "models" },
  data: { kept: "yes" },
};
let environment: Environment;
beforeAll(async () => {
  environment = await environments.start("sturdy");
  await clientOf(environment).create(keepsake);
});
afterAll(() => environments.dispose());

const kept = async () => expect(await clientOf(environment).read(keepsake)).toMatchObject({ data: { kept: "yes" } });
const statusOf = (process: string) => environmentStatus("sturdy").find(({ name }) => name === process);

/** For programs that a test runs in a process of their own. */
const environmentModule = new URL("../../embedded/environment/environment.ts", import.meta.url).href;

/**
 * Starts an environment in name spaces of its own, where a disk can be small and a port taken on every address without
 * anybody else noticing. Says how the start failed; fails itself when it left anything behind.
 */
function runApart(spaces: readonly string[], prepare: string, program: string): string {
  const home = mkdtempSync(join(environments.home, "apart-"));
  const preamble = `
    import { readdirSync } from "node:fs";
    import { startEnvironment } from "${environmentModule}";
    async function start(options) {
      try {
        await startEnvironment("unlucky", { modelStore: "/", ...options });
      } catch (error) {
        console.log(error.exitCode, error.message, JSON.stringify(readdirSync(process.env.SERIN_HOME, { recursive: true })));
      }
    }
  `;
  const said = execFileSync(
    "unshare",
    [
      ...["--user", "--map-root-user", ...spaces, "sh", "-c", `${prepare} && exec "$0" --input-type=module -e "$1"`],
      ...[process.execPath, preamble + program],
    ],
    { encoding: "utf8", env: { ...process.env, SERIN_HOME: home } },
  );
  expect(said).toMatch(/ (\[\]|\["environments"\])\n$/);
  return said;
}

describe("a process that is killed", () => {
  it.each([
    ...["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"],
    ...["kwok", "argo-rollouts", "istiod", "gateway"],
  ])("%s is started again and the environment works with its data", async (process) => {
    const before = statusOf(process);
    kill(pidOf("sturdy", process));
    await eventually(async () => {
      expect(statusOf(process)).toMatchObject({
        restarts: (before?.restarts ?? 0) + 1,
        ready: true,
        lastExit: "SIGKILL",
      });
      expect(pidOf("sturdy", process)).not.toBe(before?.pid);
      for (const one of environmentStatus("sturdy")) expect([one.name, one.ready]).toEqual([one.name, true]);
    });
    await eventually(kept);
    // A pod that runs has passed the API server, etcd, the scheduler and kwok; its account came from the controller manager.
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `after-${process}`, namespace: "models" },
      spec: { containers: [{ name: "main", image: "none" }] },
    };
    await eventually(() => clientOf(environment).create(pod));
    await eventually(async () => {
      expect(await clientOf(environment).read(pod)).toMatchObject({ status: { phase: "Running" } });
    });
    await clientOf(environment).delete(pod, undefined, undefined, 0);
  });

  it("prometheus is started again with what it had measured", async () => {
    const { prometheusTargets } = environmentFiles(environment.dataDir);
    const self = [{ targets: [environment.prometheusUrl.replace("http://", "")], labels: { job: "self" } }];
    writeFileSync(join(prometheusTargets, "self.json"), JSON.stringify(self));
    const samples = async (query: string) => {
      const { text } = await ask(`${environment.prometheusUrl}/api/v1/query?query=${encodeURIComponent(query)}`);
      return Number(JSON.parse(text).data.result[0]?.value[1] ?? 0);
    };
    const at = await eventually(async () => {
      expect(await samples('count_over_time(up{job="self"}[1m])')).toBeGreaterThanOrEqual(3);
      return Date.now() / 1000;
    });
    kill(pidOf("sturdy", "prometheus"));
    await eventually(async () => expect(statusOf("prometheus")).toMatchObject({ restarts: 1, ready: true }));
    expect(await samples(`count_over_time(up{job="self"}[1m] @ ${at})`)).toBeGreaterThanOrEqual(3);
    await eventually(async () => {
      expect(await samples(`count_over_time(up{job="self"}[5s])`)).toBeGreaterThanOrEqual(3);
    });
  });
});

describe("an environment whose supervisor is killed", () => {
  it("leaves nothing running, is known as crashed, and starts again with its data, addresses and token", async () => {
    const [token, children] = [tokenOf(environment), processesOf("sturdy")];
    kill(supervisorOf("sturdy"));
    await eventually(async () => expect(running(children)).toEqual([]));
    expect(findEnvironment("sturdy")).toMatchObject({ state: "crashed" });
    expect(environmentStatus("sturdy")).toEqual([]);

    const again = await environments.start("sturdy");

    expect(again).toEqual(environment);
    expect(tokenOf(again)).toBe(token);
    await kept();
  });

  it("survives a machine that is switched off and on: all processes gone at once", async () => {
    const processes = processesOf("sturdy");
    for (const pid of processes) kill(pid);
    await eventually(async () => expect(running(processes)).toEqual([]));
    expect(await environments.start("sturdy")).toEqual(environment);
    await kept();
  });

  it("moves to other addresses when somebody has taken its own, and its kubeconfig with it", async () => {
    const children = processesOf("sturdy");
    kill(supervisorOf("sturdy"));
    await eventually(async () => expect(running(children)).toEqual([]));
    const squatter = createServer().listen(0, environment.gateway.address);
    try {
      const moved = await environments.start("sturdy");
      expect(moved.gateway.address).not.toBe(environment.gateway.address);
      environment = moved;
      await kept();
    } finally {
      squatter.close();
    }
  });
});

describe("a start that cannot succeed", () => {
  it("names the port that is in use and leaves nothing", () => {
    const said = runApart(
      ["--net"],
      "ip link set lo up",
      `
        import { createServer } from "node:net";
        const squatter = createServer().listen(28081, "0.0.0.0");
        await start({ gatewayPort: 28081 });
        squatter.close();
      `,
    );
    expect(said).toMatch(/^4 The gateway cannot listen:\n {2}- gatewayPort: 28081 is in use on 127\.\d+\.0\.1 /);
    expect(said).toContain("Name another port, or leave it out and a free one is picked.");
  });

  it("says that the disk is full before it starts anything", () => {
    const said = runApart(["--mount"], 'mount -t tmpfs -o size=8m none "$SERIN_HOME"', "await start({});");
    expect(said).toMatch(/^4 There is no room for the environment's data:/);
    expect(said).toContain("8 MiB are free on this disk and 1024 MiB are needed. Free some space");
  });

  it("ends everything it started when it is interrupted, and leaves no folder", async () => {
    const interruption = new AbortController();
    const start = environments.start("hasty", { signal: interruption.signal });
    start.catch(() => undefined);
    const started = await eventually(async () => {
      expect(environmentStatus("hasty").length).toBeGreaterThanOrEqual(2);
      return processesOf("hasty");
    });
    interruption.abort();
    await expect(start).rejects.toThrow(/abort/i);
    expect(started.length).toBeGreaterThanOrEqual(3);
    expect(running(started)).toEqual([]);
    expect(existsSync(environmentDir("hasty"))).toBe(false);
  });

  it("is taken over by the next start when whoever began it was killed", async () => {
    const program = `import { startEnvironment } from "${environmentModule}"; await startEnvironment("orphan", { modelStore: "/" });`;
    const starter = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    await eventually(async () => expect(findEnvironment("orphan")?.state).toBe("starting"));
    starter.kill("SIGKILL");
    expect((await environments.start("orphan")).state).toBe("running");
  });
});

describe("stopping", () => {
  it("cleans up after an environment that crashed", async () => {
    const listeners = listenersOf(processesOf("orphan"));
    kill(supervisorOf("orphan"));
    expect(await stopEnvironment("orphan")).toBe(true);
    expect(processesOf("orphan")).toEqual([]);
    expect(existsSync(environmentDir("orphan"))).toBe(false);
    for (const listener of listeners) await expect(ask(`http://${listener}/`)).rejects.toThrow();
  });

  it("ends what is left running even where the record of it is damaged", async () => {
    const dataDir = environmentDir("sturdy");
    const processes = processesOf("sturdy");
    writeFileSync(join(dataDir, "status.json"), "{ cut");
    expect(findEnvironment("sturdy")?.state).toBe("crashed");
    expect(await stopEnvironment("sturdy")).toBe(true);
    await sleep(50);
    expect(running(processes)).toEqual([]);
    expect(existsSync(dataDir)).toBe(false);
  });
});
