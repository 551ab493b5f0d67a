import {
  formUrn,
  providerUrn,
  type RecordedProperties,
  type RecordedProvider,
  type RecordedResource,
  type RecordedValue,
} from "./recordedResource.ts";
import type { Alias, monitorProtocol } from "./sdkInternals.ts";

/** The run that a request belongs to. */
interface RequestContext {
  readonly project: string;
  readonly stack: string;
  readonly providers: ReadonlyMap<string, RecordedProvider>;
}

/**
 * A request of the SDK as a recorded resource. What the program leaves at the engine's default is absent.
 *
 * @param providers the explicit providers that are registered, by URN
 */
export function requestedResource(
  request: monitorProtocol.RegisterResourceRequest,
  urn: string,
  { project, stack, providers: known }: RequestContext,
): RecordedResource {
  const [type, name, props] = [request.getType(), request.getName(), structOf(request.getObject())];
  const provider = known.get(providerUrn(request.getProvider()));
  const aliases = request.getAliasesList().map((alias) => aliasUrn(alias, request, { project, stack }));
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
  { stack, project }: Omit<RequestContext, "providers">,
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

/** A protobuf struct as plain data, secrets and unknowns as special values. */
export function structOf(struct: { toJavaScript(): object } | undefined): RecordedProperties {
  return (struct?.toJavaScript() ?? {}) as Record<string, RecordedValue>;
}
