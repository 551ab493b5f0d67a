import { status } from "@grpc/grpc-js";
import { messageOf } from "../components/core/messageOf.ts";
import { ProblemError } from "../components/core/problem.ts";
import {
  formUrn,
  providerUrn,
  qualifiedType,
  type RecordedProperties,
  type RecordedProvider,
  stackType,
} from "./recordedResource.ts";
import { requestedResource, structOf } from "./requestedResource.ts";
import type { Reading, ResourceMonitor, ResourceState } from "./resourceMonitor.ts";
import { type monitorProtocol, RunError } from "./sdkInternals.ts";
import { referencedOutputs, secret } from "./wireValues.ts";

type Reply = (error: { code: number; message: string } | null, response?: unknown) => void;

/** gRPC's CANCELLED: the SDK then stops quietly, as it does when the engine itself has ended a failed run. */
const cancelled = () => ({ code: status.CANCELLED, message: "the run has ended" });

/**
 * Not claimed: `outputValues` (inputs would arrive as Outputs instead of sentinels) and everything that needs a server
 * to call the program back (transforms, hooks); the SDK says so when a program uses them.
 */
const features = new Set([
  "secrets",
  "resourceReferences",
  "deletedWith",
  "replaceWith",
  "aliasSpecs",
  "parameterization",
]);

/** What a monitor server works with. */
export interface MonitorServerOptions {
  /** The Pulumi project, for URNs. */
  readonly project: string;
  /** The stack, for URNs. */
  readonly stack: string;
  /** Makes, changes or records the resources. */
  readonly monitor: ResourceMonitor;
  /** Outputs of the stacks that a `StackReference` may name; undefined for a stack that is not there. */
  readonly stackOutputs: (stack: string) => RecordedProperties | undefined;
  /** Called for a request that fails. */
  readonly onFailure: (error: unknown) => void;
  /** Fires when the run has ended; later requests are cancelled. */
  readonly signal: AbortSignal;
}

/**
 * The Pulumi SDK talks to this instead of the engine: its protocol on one side, a `ResourceMonitor` on the other. The
 * methods in lower case are those of the engine's gRPC service `ResourceMonitor` (pulumi/pulumi
 * `proto/pulumi/resource.proto`).
 */
export class MonitorServer {
  /** Outputs of the stack, once the program has returned them. */
  outputs: RecordedProperties = {};
  /** When the last request came or was answered; `performance.now()`. */
  lastActivity = performance.now();
  readonly #options: MonitorServerOptions;
  readonly #states = new Map<string, ResourceState>();
  readonly #providers = new Map<string, RecordedProvider>();
  readonly #pending = new Set<Promise<void>>();

  constructor(options: MonitorServerOptions) {
    this.#options = options;
  }

  /** True while a request is being worked on. */
  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** Resolves when no request is being worked on. */
  async drained(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Says which features of the protocol are supported. */
  supportsFeature(request: monitorProtocol.SupportsFeatureRequest, reply: Reply): void {
    const supported = features.has(request.getId());
    reply(null, { getHassupport: () => supported });
  }

  /**
   * Answers each `new` of a resource: gives it a URN, has the monitor register it, and returns its outputs. A second
   * resource with the URN of another one is an error.
   */
  registerResource(request: monitorProtocol.RegisterResourceRequest, reply: Reply): void {
    const parent = request.getParent() || undefined;
    const urn = this.#urn(parent, request.getType(), request.getName());
    this.#answer(reply, urn, async () => {
      const { project, stack } = this.#options;
      const resource = requestedResource(request, urn, { project, stack, providers: this.#providers });
      const { type, name, props } = resource;
      if (type.startsWith("pulumi:providers:")) this.#providers.set(urn, { urn, type, name, props });
      if (this.#states.has(urn)) throw duplicate(this.#options.stack, urn);
      // Reserved before the first await, so that two registrations at once cannot both pass.
      this.#states.set(urn, { outputs: {} });
      const state = withSecrets(
        await this.#options.monitor.register(resource, this.#options.signal),
        resource.additionalSecretOutputs,
      );
      this.#states.set(urn, state);
      return {
        getUrn: () => urn,
        getId: () => state.id ?? "",
        getObject: () => asStruct(state.outputs),
        getPropertydependenciesMap: () => undefined,
        getResult: () => 0,
      };
    });
  }

  /**
   * Reads a resource that exists, or the outputs of another stack. SDKs from 3.276 on ask for id, result and unknown,
   * too: a project may have one beside ours, since npm installs two versions where ranges differ.
   */
  readResource(request: monitorProtocol.ReadResourceRequest, reply: Reply): void {
    const parent = request.getParent() || undefined;
    const urn = this.#urn(parent, request.getType(), request.getName());
    this.#answer(reply, urn, async () => {
      const reading: Reading = {
        urn,
        type: request.getType(),
        name: request.getName(),
        id: request.getId(),
        ...(parent === undefined ? {} : { parent }),
        ...(request.getProvider() === "" ? {} : { provider: providerUrn(request.getProvider()) }),
      };
      const state = withSecrets(await this.#read(reading), request.getAdditionalsecretoutputsList());
      this.#states.set(urn, state);
      return {
        getUrn: () => urn,
        getId: () => state.id ?? reading.id,
        getProperties: () => asStruct(state.outputs),
        getResult: () => 0,
        getUnknown: () => false,
      };
    });
  }

  /** Takes the outputs of the stack. Those of components are not needed. */
  registerResourceOutputs(request: monitorProtocol.RegisterResourceOutputsRequest, reply: Reply): void {
    if (qualifiedType(request.getUrn()) === stackType) this.outputs = structOf(request.getOutputs());
    reply(this.#options.signal.aborted ? cancelled() : null, {});
  }

  /** Calls a function of a provider. */
  invoke(request: monitorProtocol.ResourceInvokeRequest, reply: Reply): void {
    const token = request.getTok();
    this.#answer(reply, token, async () => {
      const args = structOf(request.getArgs());
      if (token === "pulumi:pulumi:getResource") return this.#getResource(String(args.urn));
      const result = await this.#options.monitor.invoke(token, args, this.#options.signal);
      return { getReturn: () => asStruct(result), getFailuresList: () => [] };
    });
  }

  /** Answers for parameterized packages, of which none is used. */
  registerPackage(_request: unknown, reply: Reply): void {
    reply(null, { getRef: () => "" });
  }

  #read(reading: Reading): Promise<ResourceState> {
    if (reading.type !== "pulumi:pulumi:StackReference") {
      return this.#options.monitor.read(reading, this.#options.signal);
    }
    // A fully qualified name is `<organization>/<project>/<stack>`.
    const stack = reading.id.split("/").pop() ?? reading.id;
    const outputs = this.#options.stackOutputs(stack);
    if (outputs === undefined) {
      throw new ProblemError(`${this.#options.stack} cannot be deployed`, [
        { path: `StackReference "${reading.id}"`, reason: "there is no such stack.", fix: "Deploy that stack first." },
      ]);
    }
    return Promise.resolve({ id: reading.id, outputs: { name: reading.id, ...referencedOutputs(outputs) } });
  }

  #getResource(urn: string): unknown {
    const state = this.#states.get(urn);
    if (state === undefined) throw new Error(`there is no resource ${urn}`);
    const fields = new Map<string, unknown>([
      ["urn", { toJavaScript: () => urn }],
      ["id", { toJavaScript: () => state.id ?? "" }],
      ["state", { getStructValue: () => asStruct(state.outputs) }],
    ]);
    return { getReturn: () => ({ getFieldsMap: () => fields }), getFailuresList: () => [] };
  }

  #urn(parent: string | undefined, type: string, name: string): string {
    return formUrn(this.#options.stack, this.#options.project, parent, type, name);
  }

  #answer(reply: Reply, subject: string, work: () => Promise<unknown> | unknown): void {
    this.lastActivity = performance.now();
    if (this.#options.signal.aborted) {
      reply(cancelled());
      return;
    }
    const pending = this.#work(reply, subject, work).finally(() => {
      this.#pending.delete(pending);
      this.lastActivity = performance.now();
    });
    this.#pending.add(pending);
  }

  async #work(reply: Reply, subject: string, work: () => Promise<unknown> | unknown): Promise<void> {
    let response: unknown;
    try {
      response = await work();
    } catch (error) {
      this.#options.onFailure(
        RunError.isInstance(error) ? error : new Error(`${subject}: ${messageOf(error)}`, { cause: error }),
      );
      return reply(cancelled());
    }
    reply(null, response);
  }
}

function duplicate(stack: string, urn: string): ProblemError {
  const reason = "two resources have this URN.";
  return new ProblemError(`${stack} cannot be deployed`, [{ path: urn, reason, fix: "Give one another name." }]);
}

/**
 * The SDK only ever calls `toJavaScript` on the structs of a response, so building protobuf messages for it is not
 * needed.
 */
function asStruct(properties: RecordedProperties): { toJavaScript(): RecordedProperties } {
  return { toJavaScript: () => properties };
}

function withSecrets(state: ResourceState, names: readonly string[] = []): ResourceState {
  const marked = names.filter((name) => state.outputs[name] !== undefined);
  if (marked.length === 0) return state;
  const secrets = marked.map((name) => [name, secret(state.outputs[name] ?? null)]);
  return { ...state, outputs: { ...state.outputs, ...Object.fromEntries(secrets) } };
}
