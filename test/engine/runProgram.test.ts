import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { RecordedResource } from "../../engine/recordedResource.ts";
import type { ResourceMonitor, ResourceState } from "../../engine/resourceMonitor.ts";
import { type ProgramOptions, runProgram, type StackProgram } from "../../engine/runProgram.ts";

/** Makes every resource exist at once, with its inputs as outputs. */
class Instant implements ResourceMonitor {
  readonly registered: string[] = [];

  register({ urn, name, props }: RecordedResource): Promise<ResourceState> {
    this.registered.push(urn);
    return Promise.resolve({ id: name, outputs: props });
  }

  read(): Promise<ResourceState> {
    return Promise.resolve({ outputs: {} });
  }

  invoke(): Promise<Record<string, never>> {
    return Promise.resolve({});
  }
}

function run(program: StackProgram, options: Partial<ProgramOptions> = {}) {
  return runProgram(program, {
    project: "serin",
    stack: "dev-models",
    monitor: new Instant(),
    preview: false,
    ...options,
  });
}

async function failure(program: StackProgram, options: Partial<ProgramOptions> = {}): Promise<Error> {
  try {
    await run(program, options);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("the run did not fail");
}

const configMap = (name: string, value: pulumi.Input<string>) => new ConfigMap(name, { data: { value } });
const problem = new ProblemError("Model fraud", [{ path: "slo.p99", reason: '"150" is no duration.' }]);

describe("runProgram", () => {
  it("returns the outputs of the stack, secrets marked, and forms the URNs of the engine", async () => {
    const monitor = new Instant();
    const outputs = await run(
      () => ({ name: configMap("a", "1").data.value, token: pulumi.secret("s"), stack: pulumi.getStack() }),
      { monitor },
    );
    expect(outputs).toMatchObject({ name: "1", stack: "dev-models", token: { value: "s" } });
    expect(monitor.registered).toEqual([
      "urn:pulumi:dev-models::serin::pulumi:pulumi:Stack::serin-dev-models",
      "urn:pulumi:dev-models::serin::kubernetes:core/v1:ConfigMap::a",
    ]);
  });

  it("waits for resources that are made inside an apply", async () => {
    const monitor = new Instant();
    await run(() => ({ done: configMap("a", "1").id.apply((id) => configMap(`${id}-b`, "2").id) }), { monitor });
    expect(monitor.registered.at(-1)).toMatch(/::a-b$/);
  });

  it("gives each run its own stack, configuration and outputs, also when two overlap", async () => {
    const program: StackProgram = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { stack: pulumi.getStack(), level: new pulumi.Config().get("level") ?? "none" };
    };
    const runs = [
      run(program, { stack: "dev-cluster", config: { "serin:level": "1" } }),
      run(program, { stack: "dev-platform" }),
    ];
    expect(await Promise.all(runs)).toEqual([
      { stack: "dev-cluster", level: "1" },
      { stack: "dev-platform", level: "none" },
    ]);
  });

  it("leaves nothing of a failed run to the next", async () => {
    await failure(() => {
      configMap("a", "1");
      throw problem;
    });
    const monitor = new Instant();
    expect(await run(() => ({ name: configMap("a", "1").data.value }), { monitor })).toEqual({ name: "1" });
    expect(monitor.registered).toHaveLength(2);
    expect(globalThis.stackResource).toBeUndefined();
  });
});

describe("a program that fails", () => {
  it("ends with its ProblemError, whether thrown outright or inside an apply", async () => {
    const thrown = await failure(() => {
      throw problem;
    });
    const applied = await failure(() => {
      configMap(
        "b",
        configMap("a", "1").id.apply((): string => {
          throw problem;
        }),
      );
      return {};
    });
    for (const error of [thrown, applied]) {
      expect(error).toBeInstanceOf(ProblemError);
      expect(error.message).toBe('Model fraud:\n  - slo.p99: "150" is no duration.');
    }
  });

  it("ends when an output the stack publishes depends on what failed", async () => {
    const error = await failure(() => {
      const name = configMap("a", "1").id.apply((): string => {
        throw problem;
      });
      return { late: configMap("b", name).id, name };
    });
    expect(error.message).toContain("slo.p99");
  });

  it("names the component that rejected its arguments, without a stack", async () => {
    class Model extends pulumi.ComponentResource {
      constructor(name: string) {
        super("serin:model:Model", name);
        throw new pulumi.ResourceError('Model "fraud" has invalid arguments:\n  - replicas: 0 is too few.', this, true);
      }
    }
    const error = await failure(() => ({ model: new Model("fraud").urn }));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.message).toContain("replicas: 0 is too few.");
    expect(error.message).toContain('serin:model:Model "fraud"');
  });

  it("reports missing configuration as a person's error", async () => {
    const error = await failure(() => ({ token: new pulumi.Config().requireSecret("token") }));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.message).toContain("serin:token");
  });

  it("keeps the stack of what is a defect", async () => {
    const error = await failure(() => {
      configMap("a", "1").id.apply(() => (undefined as unknown as { x: { y: string } }).x.y);
      return {};
    });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.stack).toContain("runProgram.test.ts");
  });

  it("makes no dependents of a resource that failed, and lets those in flight finish", async () => {
    let finished = false;
    class Failing extends Instant {
      override async register(resource: RecordedResource): Promise<ResourceState> {
        if (resource.name === "a") throw problem;
        if (resource.name === "slow") {
          await new Promise((resolve) => setTimeout(resolve, 20));
          finished = true;
        }
        return super.register(resource);
      }
    }
    const monitor = new Failing();
    const error = await failure(
      () => {
        configMap("slow", "1");
        return { b: configMap("b", configMap("a", "1").id).id };
      },
      { monitor },
    );
    expect(error.message).toContain("slo.p99");
    expect(finished).toBe(true);
    expect(monitor.registered.some((urn) => urn.endsWith("::b"))).toBe(false);
  });

  it("refuses two resources with one URN", async () => {
    const error = await failure(() => {
      configMap("a", "1");
      configMap("a", "2");
      return {};
    });
    expect(error.message).toContain("ConfigMap::a: two resources have this URN.");
  });

  it("ends when it waits for what never comes", async () => {
    const error = await failure(() => new Promise(() => {}), { idleTimeoutMs: 50 });
    expect(error).toMatchObject({ exitCode: exitCodes.incomplete });
    expect(error.message).toContain("a value that never comes");
  });

  it("ends with the reason of the caller's signal", async () => {
    const interrupted = new ProblemError("Interrupted", [], exitCodes.interrupted);
    const controller = new AbortController();
    setTimeout(() => controller.abort(interrupted), 10);
    const error = await failure(() => new Promise(() => {}), { signal: controller.signal });
    expect(error).toMatchObject({ exitCode: exitCodes.interrupted });
  });

  it("hands over the warnings of the program and leaves the console alone", async () => {
    const logged: string[] = [];
    await run(
      async () => {
        await pulumi.log.warn("careful");
        await pulumi.log.debug("noise");
        return {};
      },
      { onLog: (severity, message) => logged.push(`${severity}: ${message}`) },
    );
    expect(logged).toEqual(["warning: careful"]);
  });

  it("leaves rejections that are not its own to who listened before", async () => {
    const others: unknown[] = [];
    const before = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (reason) => others.push(reason));
    try {
      setTimeout(() => void Promise.reject("someone else's"), 5);
      await run(async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return {};
      });
    } finally {
      process.removeAllListeners("unhandledRejection");
      for (const listener of before) process.on("unhandledRejection", listener);
    }
    expect(others).toEqual(["someone else's"]);
  });
});
