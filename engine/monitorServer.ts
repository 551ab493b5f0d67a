import { ProblemError } from "../components/core/problem.ts";
import {
  formUrn,
  providerUrn,
  qualifiedType,
  type RecordedProperties,
  type RecordedProvider,
  type RecordedResource,
  type RecordedValue,
  stackType,
} from "./recordedResource.ts";
import type { Reading, ResourceMonitor, ResourceState } from "./resourceMonitor.ts";
import { type Alias, type monitorProtocol, RunError } from "./sdkInternals.ts";
import { referencedOutputs, secret } from "./wireValues.ts";

type Reply = (error: { code: number; message: string } | null, response?: unknown) => void;

/** gRPC's CANCELLED: the SDK then stops quietly, as it does when the engine itself has ended a failed run. */
const cancelled = () => ({ code: 1, message: "the run has ended" });

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

export interface MonitorServerOptions {
  readonly project: string;
  readonly stack: string;
  readonly monitor: ResourceMonitor;
  /** Outputs of the stacks that a `StackReference` may name; undefined for a stack that is not there. */
  readonly stackOutputs: (stack: string) => RecordedProperties | undefined;
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/** What the Pulumi SDK talks to instead of the engine: its protocol on one side, a `ResourceMonitor` on the other. */
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

  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** Resolves when no request is being worked on. */
  async drained(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  supportsFeature(request: monitorProtocol.SupportsFeatureRequest, reply: Reply): void {
    const supported = features.has(request.getId());
    reply(null, { getHassupport: () => supported });
  }

  registerResource(request: monitorProtocol.RegisterResourceRequest, reply: Reply): void {
    const parent = request.getParent() || undefined;
    const urn = this.#urn(parent, request.getType(), request.getName());
    this.#answer(reply, urn, async () => {
      const resource = this.#resourceOf(request, urn);
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
      return { getUrn: () => urn, getProperties: () => asStruct(state.outputs) };
    });
  }

  registerResourceOutputs(request: monitorProtocol.RegisterResourceOutputsRequest, reply: Reply): void {
    if (qualifiedType(request.getUrn()) === stackType) this.outputs = structOf(request.getOutputs());
    reply(this.#options.signal.aborted ? cancelled() : null, {});
  }

  invoke(request: monitorProtocol.ResourceInvokeRequest, reply: Reply): void {
    const token = request.getTok();
    this.#answer(reply, token, async () => {
      const args = structOf(request.getArgs());
      if (token === "pulumi:pulumi:getResource") return this.#getResource(String(args.urn));
      const result = await this.#options.monitor.invoke(token, args, this.#options.signal);
      return { getReturn: () => asStruct(result), getFailuresList: () => [] };
    });
  }

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

  #resourceOf(request: monitorProtocol.RegisterResourceRequest, urn: string): RecordedResource {
    const [type, name, props] = [request.getType(), request.getName(), structOf(request.getObject())];
    if (type.startsWith("pulumi:providers:")) this.#providers.set(urn, { urn, type, name, props });
    const provider = this.#providers.get(providerUrn(request.getProvider()));
    const aliases = request.getAliasesList().map((alias) => aliasUrn(alias, request, this.#options));
    const providers = new Map<string, string>();
    request.getProvidersMap().forEach((reference, pkg) => {
      providers.set(pkg, providerUrn(reference));
    });
    const propertyDependencies: Record<string, readonly string[]> = {};
    request.getPropertydependenciesMap().forEach((urns, property) => {
      propertyDependencies[property] = urns.getUrnsList();
    });
    return {
      urn,
      type,
      name,
      props,
      custom: request.getCustom(),
      ...(request.getRemote() ? { remote: true } : {}),
      ...textual("parent", request.getParent()),
      dependencies: request.getDependenciesList(),
      propertyDependencies,
      ...(request.getProtect() === true ? { protect: true } : {}),
      ...listed("ignoreChanges", request.getIgnorechangesList()),
      ...listed("aliases", aliases),
      ...listed("additionalSecretOutputs", request.getAdditionalsecretoutputsList()),
      ...(request.getDeletebeforereplace() ? { deleteBeforeReplace: true } : {}),
      ...(request.getRetainondelete() === true ? { retainOnDelete: true } : {}),
      ...textual("deletedWith", request.getDeletedwith()),
      ...listed("replaceOnChanges", request.getReplaceonchangesList()),
      ...customTimeoutsOf(request),
      ...textual("version", request.getVersion()),
      ...(provider === undefined ? {} : { provider }),
      ...(providers.size === 0 ? {} : { providers: Object.fromEntries(providers) }),
    };
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A field that the SDK sends as an empty text when the program does not set it. */
function textual<Field extends "parent" | "deletedWith" | "version">(
  field: Field,
  text: string,
): Pick<RecordedResource, Field> {
  return (text === "" ? {} : { [field]: text }) as Pick<RecordedResource, Field>;
}

/** A field that the SDK sends as an empty list when the program does not set it. */
function listed<Field extends "ignoreChanges" | "aliases" | "additionalSecretOutputs" | "replaceOnChanges">(
  field: Field,
  values: readonly string[],
): Pick<RecordedResource, Field> {
  return (values.length === 0 ? {} : { [field]: values }) as Pick<RecordedResource, Field>;
}

/** The SDK sends an empty text for an operation without a limit. */
function customTimeoutsOf(request: monitorProtocol.RegisterResourceRequest): Pick<RecordedResource, "customTimeouts"> {
  const timeouts = request.getCustomtimeouts();
  const limits = {
    create: timeouts?.getCreate(),
    read: timeouts?.getRead(),
    update: timeouts?.getUpdate(),
    delete: timeouts?.getDelete(),
  };
  const set = Object.entries(limits).filter(([, limit]) => limit !== undefined && limit !== "");
  return set.length === 0 ? {} : { customTimeouts: Object.fromEntries(set) };
}

/** An alias names a URN or only what differs from the resource's own. */
function aliasUrn(
  alias: Alias,
  request: monitorProtocol.RegisterResourceRequest,
  { stack, project }: MonitorServerOptions,
): string {
  const spec = alias.getSpec();
  if (spec === undefined) return alias.getUrn();
  const parent = spec.getNoparent() ? undefined : spec.getParenturn() || request.getParent() || undefined;
  return formUrn(
    spec.getStack() || stack,
    spec.getProject() || project,
    parent,
    spec.getType() || request.getType(),
    spec.getName() || request.getName(),
  );
}

function structOf(struct: { toJavaScript(): object } | undefined): RecordedProperties {
  return (struct?.toJavaScript() ?? {}) as Record<string, RecordedValue>;
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
