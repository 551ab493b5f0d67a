/**
 * One test for each thing this project takes from the Pulumi SDK without its documentation. When a new version of the
 * SDK breaks one, the failure says what the project assumed and which file relies on it.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { ProblemError } from "../../components/core/problem.ts";
import * as internals from "../../engine/sdkInternals.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = join(root, "engine/sdkInternals.ts");
const sdk = createRequire(file);
const { version } = sdk("@pulumi/pulumi/package.json") as { version: string };

/** The message of a failure: the assumption that version broke, and what needs it. */
const assumes = (assumption: string, usedBy: string) =>
  `@pulumi/pulumi ${version} broke an assumption: ${assumption}. It is used by ${usedBy}.`;

/** What a module prints that runs in a process of its own, after the SDK was made small. */
function printed(program: string): unknown {
  const source = `
    import ${JSON.stringify(file)};
    import { createRequire } from "node:module";
    const loaded = (part) => Object.keys(createRequire(${JSON.stringify(file)}).cache).some((file) => file.includes(part));
    const pulumi = await import(${JSON.stringify(import.meta.resolve("@pulumi/pulumi"))});
    ${program}`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  return JSON.parse(output);
}

describe("modules that are seldom used", () => {
  it.each(Object.entries(internals.seldomUsed))(
    "%s is there, with the functions that are deferred",
    (name, functions) => {
      const module = sdk(`@pulumi/pulumi/${name}`) as Record<string, unknown>;
      for (const one of functions) {
        expect(typeof module[one], assumes(`${name} exports ${one}()`, "seldomUsed in engine/sdkInternals.ts")).toBe(
          "function",
        );
      }
    },
  );

  it("are left out: the compiler and the dependency resolver", () => {
    const message = assumes("the SDK loads these parts only through `seldomUsed`", "the memory and the time of a plan");
    const program = `console.log(JSON.stringify([loaded("automation/stack.js"), loaded("typescript"), loaded("grpc-js")]))`;
    expect(printed(program), message).toEqual([false, false, true]);
  });

  it("are loaded when they are used", () => {
    const program = `
    const automation = await import(${JSON.stringify(import.meta.resolve("@pulumi/pulumi/automation/index.js"))});
    const { text } = await pulumi.runtime.serializeFunction(() => 42);
    console.log(JSON.stringify([
      typeof pulumi.automation.LocalWorkspace.create,
      automation.LocalWorkspace === pulumi.automation.LocalWorkspace,
      text.includes("42"),
      loaded("automation/stack.js"),
      loaded("typescript"),
    ]));`;
    const message = assumes("a stand-in in `require.cache` can be replaced later", "engine/pulumi/pulumiEngine.ts");
    expect(printed(program), message).toEqual(["function", true, true, true, true]);
  });
});

describe("the wire format", () => {
  const { specialSignatureKey, secretSignature, outputSignature, resourceSignature } = internals;
  const { assetSignature, unknownSentinel } = internals;

  it.each(
    Object.entries({
      specialSignatureKey,
      secretSignature,
      outputSignature,
      resourceSignature,
      assetSignature,
      unknownSentinel,
    }),
  )("has %s", (name, text) => {
    const message = assumes(`runtime/rpc.js exports the text of ${name}`, "engine/wireValues.ts and plan/");
    expect(text, message).toMatch(/^[0-9a-f-]{32,36}$/);
  });

  it("marks a secret by its signature, with the plain value beside", async () => {
    const rpc = sdk("@pulumi/pulumi/runtime/rpc.js") as typeof import("@pulumi/pulumi/runtime/rpc.js");
    const secret = { [internals.specialSignatureKey]: internals.secretSignature, value: "s" };
    expect(rpc.isRpcSecret(secret), assumes("a secret has this form", "engine/wireValues.ts")).toBe(true);
    expect(rpc.unwrapRpcSecret(secret)).toBe("s");
  });

  it("reads an Output without a value as unknown", async () => {
    const rpc = sdk("@pulumi/pulumi/runtime/rpc.js") as typeof import("@pulumi/pulumi/runtime/rpc.js");
    const output = rpc.deserializeProperty({ [internals.specialSignatureKey]: internals.outputSignature });
    const message = assumes("an Output without a value is unknown", "the assumptions of engine/sdkInternals.ts");
    expect(pulumi.Output.isInstance(output), message).toBe(true);
    expect(await (output as { isKnown?: Promise<boolean> }).isKnown, message).toBe(false);
  });
});

describe("the state of a run", () => {
  const settings = { project: "p", stack: "s", preview: true, monitor: {} };

  it("is the SDK's own for each run", async () => {
    const message = assumes("runtime/state.js has withLocalStorage() and getLocalStore()", "engine/runProgram.ts");
    const [first, second] = await internals.isolated(async () => {
      const isFirst = internals.configureRun(settings);
      const isSecond = await internals.isolated(async () => internals.configureRun({ ...settings, stack: "other" }));
      return [isFirst(), isSecond()];
    });
    expect([first, second], message).toEqual([true, false]);
  });

  it("takes project, stack, organization and preview from setMockOptions", async () => {
    const seen = await internals.isolated(async () => {
      internals.configureRun(settings);
      return [pulumi.getProject(), pulumi.getStack(), pulumi.getOrganization(), pulumi.runtime.isDryRun()];
    });
    const message = assumes("runtime/settings.js has setMockOptions() of these parameters", "engine/runProgram.ts");
    expect(seen, message).toEqual(["p", "s", "organization", true]);
  });

  it("takes configuration and what of it is secret from setAllConfig", async () => {
    const { isConfigSecret } = sdk("@pulumi/pulumi/runtime/config.js") as { isConfigSecret(key: string): boolean };
    const seen = await internals.isolated(async () => {
      internals.configureRun({ ...settings, config: { "p:a": "1", "p:b": "2" }, secretKeys: ["p:b"] });
      const config = new pulumi.Config("p");
      return [config.get("a"), config.get("b"), isConfigSecret("p:b"), isConfigSecret("p:a")];
    });
    const message = assumes("runtime/config.js has setAllConfig(config, secretKeys)", "engine/runProgram.ts");
    expect(seen, message).toEqual(["1", "2", true, false]);
  });

  it("logs to `settings.engine` of the store", async () => {
    const logged: string[] = [];
    await internals.isolated(async () => {
      internals.configureRun({ ...settings, onLog: (severity, text) => logged.push(`${severity}: ${text}`) });
      await pulumi.log.debug("a");
      await pulumi.log.info("b");
      await pulumi.log.warn("c");
    });
    const message = assumes(
      "the SDK calls log() of `settings.engine`, with LogSeverity of engine.proto",
      "ProgramOptions.onLog",
    );
    expect(logged, message).toEqual(["info: b", "warning: c"]);
  });

  it("asks the monitor by these methods, and ends with runInPulumiStack and disconnect", async () => {
    const called: string[] = [];
    const answer =
      (method: string, response: object) => (_: unknown, reply: (error: null, response: object) => void) => {
        called.push(method);
        reply(null, response);
      };
    const struct = { toJavaScript: () => ({}) };
    const monitor = {
      supportsFeature: (_: unknown, reply: (error: null, response: object) => void) =>
        reply(null, { getHassupport: () => false }),
      registerResource: answer("registerResource", {
        getUrn: () => "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s",
        getId: () => "",
        getObject: () => struct,
        getPropertydependenciesMap: () => undefined,
        getResult: () => 0,
      }),
      registerResourceOutputs: answer("registerResourceOutputs", {}),
    };
    const stack = await internals.isolated(async () => {
      internals.configureRun({ ...settings, monitor });
      await internals.runStack(async () => ({ a: 1 }));
      return globalThis.stackResource;
    });
    const message = assumes("a stack without resources is registered so", "engine/monitorServer.ts");
    expect(called, message).toEqual(["registerResource", "registerResourceOutputs"]);
    expect(
      stack,
      assumes("the last stack is in `globalThis.stackResource`", "isolated() in engine/sdkInternals.ts"),
    ).toBeDefined();
    expect(globalThis.stackResource).toBeUndefined();
  });
});

describe("classes that are changed", () => {
  it.each(["require", "requireSecret", "requireSecretObject", "requireSecretNumber", "requireSecretBoolean"])(
    "Config.prototype has %s",
    (method) => {
      const message = assumes(`Config.prototype.${method} is a method`, "the assumptions of engine/sdkInternals.ts");
      expect(typeof Reflect.get(pulumi.Config.prototype, method), message).toBe("function");
    },
  );

  it.each(["getOutput", "requireOutput"])("StackReference.prototype has %s", (method) => {
    const message = assumes(
      `StackReference.prototype.${method} is a method`,
      "the assumptions of engine/sdkInternals.ts",
    );
    expect(typeof Reflect.get(pulumi.StackReference.prototype, method), message).toBe("function");
  });

  it("Output.apply calls its function for an unknown value when its second parameter is true", async () => {
    const rpc = sdk("@pulumi/pulumi/runtime/rpc.js") as typeof import("@pulumi/pulumi/runtime/rpc.js");
    const output = rpc.deserializeProperty({ [internals.specialSignatureKey]: internals.outputSignature }) as {
      apply(func: () => string, runWithUnknowns: boolean): { promise(): Promise<unknown> };
    };
    const value = await internals.isolated(async () => {
      internals.configureRun({ project: "p", stack: "s", preview: true, monitor: {} });
      return output.apply(() => "called", true).promise();
    });
    const message = assumes("Output.apply takes runWithUnknowns", "StackReference outputs of a plan");
    expect(value, message).toBe("called");
  });
});

describe("errors", () => {
  it("are recognized by their marks", () => {
    const message = assumes("RunError.isInstance looks for __pulumiRunError", "components/core/problem.ts");
    expect(internals.RunError.isInstance(new ProblemError("a", [])), message).toBe(true);
    expect(internals.RunError.isInstance(new Error("a"))).toBe(false);
    const error = new internals.ResourceError("a", undefined, true);
    expect(internals.ResourceError.isInstance(error) && error.hideStack, message).toBe(true);
  });

  it("name a resource by its type and name", async () => {
    class Model extends pulumi.ComponentResource {}
    const seen = await internals.isolated(async () => {
      internals.configureRun({
        project: "p",
        stack: "s",
        preview: true,
        monitor: { supportsFeature: (_: unknown, reply: (error: object) => void) => reply({ code: 1 }) },
      });
      const stop = internals.watchRejections({ isCurrent: () => true, reject: () => undefined });
      const named = internals.typeAndName(new Model("serin:model:Model", "fraud"));
      await new Promise((resolve) => setImmediate(resolve));
      stop();
      return named;
    });
    const message = assumes(
      "a resource has __pulumiType and __name",
      "engine/programErrors.ts, components/platform/istio.ts",
    );
    expect(seen, message).toEqual({ type: "serin:model:Model", name: "fraud" });
  });

  it("have no trace where the limit is not a plain number", async () => {
    const limit = Error.stackTraceLimit;
    const trace = await internals.withoutTraces(async () => {
      Error.stackTraceLimit = 10;
      return new Error("a").stack;
    });
    const message = `Node ${process.version} broke an assumption: V8 takes no trace without a numeric limit. It is used by withoutTraces().`;
    expect(trace?.includes("at ") ?? false, message).toBe(false);
    expect(Error.stackTraceLimit).toBe(limit);
  });

  it("of an Output are unhandled rejections, in the asynchronous context of their run", async () => {
    const found: unknown[] = [];
    await internals.isolated(async () => {
      const isCurrent = internals.configureRun({ project: "p", stack: "s", preview: true, monitor: {} });
      const stop = internals.watchRejections({ isCurrent, reject: (reason) => found.push(reason) });
      pulumi.output(1).apply(() => {
        throw new ProblemError("a", []);
      });
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      stop();
    });
    const message = assumes("a failed Output is reported by an unhandled rejection alone", "watchRejections()");
    expect(found.length, message).toBeGreaterThan(0);
    expect(
      found.every((reason) => reason instanceof ProblemError),
      message,
    ).toBe(true);
  });
});

describe("the protocol of policy packs", () => {
  it("has its client and messages", () => {
    const { AnalyzerClient, AnalyzerService, messages } = internals.analyzerProtocol();
    const message = assumes("proto/analyzer_grpc_pb.js and analyzer_pb.js have these", "plan/policies/policyClient.ts");
    expect(typeof AnalyzerClient, message).toBe("function");
    expect(AnalyzerService.analyze.path, message).toBe("/pulumirpc.Analyzer/Analyze");
    expect(AnalyzerService.analyzeStack.path, message).toBe("/pulumirpc.Analyzer/AnalyzeStack");
    expect(typeof messages.AnalyzeRequest, message).toBe("function");
  });

  it("numbers the properties of a resource and the resources of a stack as policyClient writes them", () => {
    const { messages } = internals.analyzerProtocol();
    const empty = sdk("google-protobuf/google/protobuf/struct_pb.js") as { Struct: new () => never };
    const message = assumes("`properties` is field 2 and `resources` field 1", "plan/policies/policyClient.ts");
    for (const Message of [messages.AnalyzeRequest, messages.AnalyzerResource]) {
      expect([...new Message().setProperties(new empty.Struct()).serializeBinary()], message).toEqual([
        (2 << 3) | 2,
        0,
      ]);
    }
    const stack = new messages.AnalyzeStackRequest().setResourcesList([new messages.AnalyzerResource()]);
    expect([...stack.serializeBinary()], message).toEqual([(1 << 3) | 2, 0]);
  });
});

it("is the only file that uses undocumented modules of the SDK", () => {
  const rooms = ["cli", "components", "diagnosis", "embedded", "engine", "plan", "preflight", "rehearsal", "stacks"];
  const users = rooms
    .flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((name) => join(room, name)),
    )
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => /["'`]@pulumi\/pulumi\/(?!automation)/.test(readFileSync(join(root, name), "utf8")));
  expect(users).toEqual(["engine/sdkInternals.ts"]);
});
