/**
 * Everything that this project takes from the Pulumi SDK without its documentation: internal modules, classes that are
 * changed, the wire format. `test/engine/sdkInternals.test.ts` checks each assumption and says what a new SDK broke.
 * The policies' process has one more, in `policies/unknown.ts`.
 *
 * A plan imports this file before anything of Pulumi, because it also keeps the SDK small (see `seldomUsed`). So the
 * SDK is loaded by `require`, in the order of this text, and not by `import`.
 */
import { createRequire, Module } from "node:module";
import type * as Pulumi from "@pulumi/pulumi";
import type { StackConfig } from "./engine.ts";

export type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
export type * as analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";
export type * as monitorProtocol from "@pulumi/pulumi/proto/resource_pb.js";

const require = createRequire(import.meta.url);

/**
 * The root of the SDK loads npm's dependency resolver for the Automation API and a TypeScript compiler for dynamic
 * providers. A plan uses neither, so stand-ins take their place until something of them is used: 45 MB and 0.4 s less
 * in each process. Module → the functions that are read while the SDK loads.
 */
export const seldomUsed: Readonly<Record<string, readonly string[]>> = {
  "automation/index.js": [],
  "runtime/closure/serializeClosure.js": ["serializeFunction", "serializeFunctionAsync"],
  "runtime/closure/codePaths.js": ["computeCodePaths"],
};

for (const [name, functions] of Object.entries(seldomUsed)) standIn(`@pulumi/pulumi/${name}`, functions);

function standIn(name: string, functions: readonly string[]): void {
  const file = require.resolve(name);
  if (require.cache[file] !== undefined) return;
  const module = new Module(file);
  const real = (): Record<string, (...args: unknown[]) => unknown> => {
    if (require.cache[file] === module) delete require.cache[file];
    return require(file);
  };
  const deferred = new Map(functions.map((name) => [name, (...args: unknown[]) => real()[name]?.(...args)]));
  module.exports = new Proxy(
    {},
    {
      get: (_, name) => name === "__esModule" || (deferred.get(String(name)) ?? (Reflect.get(real(), name) as unknown)),
      has: (_, name) => Reflect.has(real(), name),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(real(), name);
        // A proxy may not report a fixed property that its target lacks.
        return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
      },
    },
  );
  module.loaded = true;
  require.cache[file] = module;
}

const rpc = require("@pulumi/pulumi/runtime/rpc.js") as typeof import("@pulumi/pulumi/runtime/rpc.js");
const configuration = require("@pulumi/pulumi/runtime/config.js") as typeof import("@pulumi/pulumi/runtime/config.js");
const settings = require("@pulumi/pulumi/runtime/settings.js") as typeof import("@pulumi/pulumi/runtime/settings.js");
const stacks = require("@pulumi/pulumi/runtime/stack.js") as typeof import("@pulumi/pulumi/runtime/stack.js");
const { LogSeverity } =
  require("@pulumi/pulumi/proto/engine_pb.js") as typeof import("@pulumi/pulumi/proto/engine_pb.js");
/** The SDK keeps everything that a run changes in this store: its Automation API runs inline programs by it. */
const { withLocalStorage, getLocalStore } =
  require("@pulumi/pulumi/runtime/state.js") as typeof import("@pulumi/pulumi/runtime/state.js") & {
    withLocalStorage<Result>(run: () => Promise<Result>): Promise<Result>;
    getLocalStore(): Store | undefined;
  };

interface Store {
  settings: { engine?: unknown };
  /** Added here; the SDK ignores it. */
  assumptions?: Assumptions;
}

/**
 * Errors that the Pulumi CLI prints without a stack trace, without the half second that the SDK's root takes to load.
 */
export const { ResourceError, RunError } =
  require("@pulumi/pulumi/errors.js") as typeof import("@pulumi/pulumi/errors.js");

/** The key that every special value of the wire format carries; its own value says what kind the value is. */
export const specialSignatureKey: string = rpc.specialSigKey;
/** Marks a secret; `value` is the plain value. */
export const secretSignature: string = rpc.specialSecretSig;
/** Marks an Output; `value` is absent while it is unknown, `secret` is true when it is secret. */
export const outputSignature: string = rpc.specialOutputValueSig;
/** Marks a reference to a resource; `urn`, and `id` unless it is a component. */
export const resourceSignature: string = rpc.specialResourceSig;
/** Marks a file or a text that is passed as an asset; `path` or `text`. */
export const assetSignature: string = rpc.specialAssetSig;
/** Stands for a value that only a deployment will know. */
export const unknownSentinel: string = rpc.unknownValue;

/**
 * The protocol by which the Pulumi engine talks to a policy pack. Loaded when it is asked for: only a plan needs it.
 */
export function analyzerProtocol() {
  type Services = typeof import("@pulumi/pulumi/proto/analyzer_grpc_pb.js");
  type Messages = typeof import("@pulumi/pulumi/proto/analyzer_pb.js");
  const { AnalyzerClient, AnalyzerService } = require("@pulumi/pulumi/proto/analyzer_grpc_pb.js") as Services;
  return { AnalyzerClient, AnalyzerService, messages: require("@pulumi/pulumi/proto/analyzer_pb.js") as Messages };
}

/** The type token and the name of a resource object. Its public properties have neither. */
export function typeAndName(resource: Pulumi.Resource): { readonly type: string; readonly name: string } {
  const { __pulumiType: type, __name: name } = resource as unknown as { __pulumiType?: string; __name?: string };
  return { type: type ?? "resource", name: name ?? "" };
}

/** How one run of a program is set up in the SDK. */
export interface RunSettings extends StackConfig {
  /** The Pulumi project, what `pulumi.getProject()` answers. */
  readonly project: string;
  /** The stack, what `pulumi.getStack()` answers. */
  readonly stack: string;
  /** Resources that do not exist yet have unknown outputs. */
  readonly preview: boolean;
  /** Receives the SDK's requests instead of the engine, by its gRPC methods. */
  readonly monitor: object;
  /** Receives what the program logs (`pulumi.log.*`), except debug messages. @default they are dropped */
  readonly onLog?: (severity: "info" | "warning" | "error", message: string) => void;
  /** What a preview may assume of stacks that were never deployed. @default nothing, as under the engine */
  readonly assumptions?: Assumptions;
}

/** Gives `run` an SDK state of its own, so that runs may follow one another or overlap. */
export function isolated<Result>(run: () => Promise<Result>): Promise<Result> {
  assumeUndeployedStacks();
  return withLocalStorage(async () => {
    try {
      return await run();
    } finally {
      // The SDK keeps the last stack in a global variable, and with it the whole program.
      globalThis.stackResource = undefined;
    }
  });
}

/** Sets up the run that is current, and returns a function that says whether later code belongs to it. */
export function configureRun(run: RunSettings): () => boolean {
  settings.setMockOptions(run.monitor, run.project, run.stack, run.preview, "organization");
  configuration.setAllConfig({ ...run.config }, [...(run.secretKeys ?? [])]);
  const store = getLocalStore();
  if (store === undefined) throw new Error("a run is configured outside `isolated`");
  store.settings.engine = engineLog(run.onLog);
  if (run.assumptions !== undefined) store.assumptions = run.assumptions;
  return () => getLocalStore() === store;
}

/** Runs a program as the one of the current stack, until all its resources are registered. */
export async function runStack(program: () => Promise<unknown>): Promise<void> {
  await stacks.runInPulumiStack(program);
  await settings.disconnect();
}

/** The engine as far as the SDK calls it: for its log. */
function engineLog(onLog: RunSettings["onLog"]) {
  const { INFO, WARNING, ERROR } = LogSeverity;
  const severities = new Map<number, "info" | "warning" | "error">();
  severities.set(INFO, "info").set(WARNING, "warning").set(ERROR, "error");
  return {
    log(request: { getSeverity(): number; getMessage(): string }, reply: () => void): void {
      const severity = severities.get(request.getSeverity());
      if (severity !== undefined) onLog?.(severity, request.getMessage());
      reply();
    },
    setRootResource: (_request: unknown, reply: (error: null) => void): void => reply(null),
    requirePulumiVersion: (_request: unknown, reply: (error: null, response: object) => void): void => reply(null, {}),
  };
}

/** What a preview of stacks that were never deployed may assume. */
export interface Assumptions {
  /** Called for a required configuration key that is not set. Returns true when a stand-in may take its place. */
  missingConfig(key: string): boolean;
}

type Method = (this: never, ...args: readonly unknown[]) => unknown;
type Original = { apply(self: unknown, args: readonly unknown[]): unknown };

let assumesUndeployedStacks = false;

/**
 * The engine previews a stack only after those it depends on are deployed; a plan previews all of them before. In runs
 * that have `assumptions`, and in no other, this changes two things:
 * - Required configuration that is not set: a secret becomes an unknown secret, a string the text
 *   `<project:key is not set>`. Optional keys stay absent. Numbers, booleans and objects have no stand-in.
 * - A `StackReference` to a stack with an unknown output: the other outputs stay known.
 */
function assumeUndeployedStacks(): void {
  if (assumesUndeployedStacks) return;
  assumesUndeployedStacks = true;
  const { Config, StackReference, secret } = require("@pulumi/pulumi") as typeof Pulumi;
  for (const kind of ["", "Secret", "SecretObject", "SecretNumber", "SecretBoolean"]) {
    override(Config.prototype, `require${kind}`, (original) => {
      return function (this: Pulumi.Config, ...args: readonly unknown[]) {
        const key = `${this.name}:${args[0]}`;
        const isSet = this.get(String(args[0])) !== undefined;
        if (isSet || getLocalStore()?.assumptions?.missingConfig(key) !== true) return original.apply(this, args);
        const unknown = { [specialSignatureKey]: outputSignature };
        return kind === "" ? `<${key} is not set>` : secret(rpc.deserializeProperty(unknown));
      };
    });
  }
  for (const method of ["getOutput", "requireOutput"]) {
    override(StackReference.prototype, method, (original) => {
      return function (this: Pulumi.StackReference, ...args: readonly unknown[]) {
        const [name] = args;
        if (getLocalStore()?.assumptions === undefined || typeof name !== "string") return original.apply(this, args);
        return outputOf(this, name, method === "requireOutput");
      };
    });
  }
}

function override(prototype: object, method: string, replace: (original: Original) => Method): void {
  const value = replace(Reflect.get(prototype, method) as Original);
  Object.defineProperty(prototype, method, { value, configurable: true, writable: true });
}

/** As `StackReference.getOutput`, but unknown only where this one output is. */
function outputOf(reference: Pulumi.StackReference, name: string, required: boolean): Pulumi.Output<unknown> {
  const { unsecret } = require("@pulumi/pulumi") as typeof Pulumi;
  const outputs = reference.outputs as unknown as {
    apply(func: (outputs: Record<string, unknown>) => unknown, runWithUnknowns: boolean): Pulumi.Output<unknown>;
  };
  const value = outputs.apply((all) => {
    if (required && !Object.hasOwn(all, name)) throw new RunError(`A stack has no output "${name}".`);
    return all[name];
  }, true);
  return reference.secretOutputNames.apply((names) => (names.includes(name) ? value : unsecret(value)));
}

let untraced = 0;
let usualLimit: PropertyDescriptor | undefined;

/**
 * Runs with errors that have no `stack`. The SDK takes the trace of every promise and of every resource it makes, of a
 * resource the whole trace whatever the limit is: half of the time a recording takes. V8 takes no trace where the limit
 * is not a plain number.
 */
export async function withoutTraces<Result>(run: () => Promise<Result>): Promise<Result> {
  if (untraced === 0) usualLimit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
  untraced += 1;
  Object.defineProperty(Error, "stackTraceLimit", { get: () => 0, set: () => undefined, configurable: true });
  try {
    return await run();
  } finally {
    untraced -= 1;
    if (untraced === 0 && usualLimit !== undefined) Object.defineProperty(Error, "stackTraceLimit", usualLimit);
  }
}

/** One run of a program, as far as its unhandled rejections are concerned. */
export interface RejectionOwner {
  /** True when the code that is running now belongs to this run. */
  isCurrent(): boolean;
  /** Takes the reason of a rejection that nothing handled. */
  reject(reason: unknown): void;
}

const owners = new Set<RejectionOwner>();
let displaced: NodeJS.UnhandledRejectionListener[] = [];

/**
 * Makes unhandled rejections the errors of the program that runs: the SDK reports a failed Output in no other way. Node
 * calls the listener in the asynchronous context of the rejection; the others go to earlier listeners.
 *
 * @returns what ends the watch
 */
export function watchRejections(owner: RejectionOwner): () => void {
  if (owners.size === 0) {
    displaced = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", dispatch);
  }
  owners.add(owner);
  return () => {
    owners.delete(owner);
    if (owners.size > 0) return;
    process.off("unhandledRejection", dispatch);
    for (const listener of displaced) process.on("unhandledRejection", listener);
    displaced = [];
  };
}

function dispatch(reason: unknown, promise: Promise<unknown>): void {
  const owner = [...owners].find((candidate) => candidate.isCurrent());
  if (owner !== undefined) owner.reject(reason);
  for (const listener of owner === undefined ? displaced : []) listener(reason, promise);
  // Node does the same without a listener.
  if (owner === undefined && displaced.length === 0) {
    process.nextTick(() => {
      throw reason;
    });
  }
}
