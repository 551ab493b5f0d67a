import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { unknownSentinel } from "../../engine/sdkInternals.ts";
import { UnknownValueError, unknownCheckingProxy } from "../../policies/unknown.ts";

/** Stands for a value that is known only after the deployment, as the SDK sends it. */
export const unknown = unknownSentinel;

/** What a policy said of one resource or stack. */
export interface Verdict {
  readonly violations: readonly string[];
  /** The paths that were unknown, if the policy met an unknown value. */
  readonly undetermined?: string;
  readonly notApplicable?: string;
}

type Properties = Record<string, unknown>;

/** Path → new value; `undefined` removes it. Paths are written as in messages: `spec.steps[0].setWeight`, `limits["nvidia.com/gpu"]`. */
type Changes = Readonly<Record<string, unknown>>;

interface Mutation {
  /** Ends the sentence «rejects …». */
  readonly when: string;
  readonly change: Changes;
  /** Part of the one message. */
  readonly message: string | RegExp;
  /** @default the type of the compliant resource. */
  readonly type?: string;
}

/** The table of a resource policy: one compliant resource, and what may not be changed about it. */
export interface ResourceSpec<Compliant extends Properties> {
  readonly type: string;
  readonly compliant: Compliant;
  readonly rejects: readonly Mutation[];
  readonly accepts: readonly Omit<Mutation, "message">[];
  readonly unknowns: readonly { readonly change: Changes; readonly path: string }[];
}

/** Runs the table: every mutation makes exactly one violation, every unknown makes the policy undetermined and never green. */
export function specifyResourcePolicy<Compliant extends Properties>(
  policy: ResourceValidationPolicy,
  { type, compliant, rejects, accepts, unknowns }: ResourceSpec<Compliant>,
): void {
  describe(policy.name, () => {
    it("accepts the compliant resource", async () => {
      expect(await judge(policy, type, compliant)).toEqual({ violations: [] });
    });

    it.each(accepts)("accepts $when", async ({ change, type: other = type }) => {
      expect(await judge(policy, other, changed(compliant, change))).toEqual({ violations: [] });
    });

    it.each(rejects)("rejects $when, with one violation", async ({ change, message, type: other = type }) => {
      const { violations, ...rest } = await judge(policy, other, changed(compliant, change));
      const expected = typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message);
      expect(violations).toEqual([expected]);
      expect(rest).toEqual({});
    });

    it.each(unknowns)("is undetermined when $path is unknown", async ({ change, path }) => {
      const verdict = await judge(policy, type, changed(compliant, change));
      expect(verdict.violations).toEqual([]);
      expect(verdict.undetermined).toContain(path);
    });

    it("has nothing to say about a ConfigMap", async () => {
      const verdict = await judge(policy, "kubernetes:core/v1:ConfigMap", { data: { image: "a:latest" } });
      expect(verdict).toEqual({ violations: [], notApplicable: expect.any(String) });
    });
  });
}

/**
 * Runs a resource policy on one resource the way the SDK's server does, unknown values included. `parents` are the types above the
 * resource, outermost first.
 */
export async function judge(
  policy: ResourceValidationPolicy,
  type: string,
  props: Properties,
  parents: readonly string[] = [],
): Promise<Verdict> {
  const rules = [policy.validateResource ?? []].flat();
  const args = {
    type,
    props: unknownCheckingProxy(structuredClone(props)),
    urn: `urn:pulumi:prod-models::serin::${[...parents, type].join("$")}::subject`,
    name: "subject",
    opts: options,
    ...common(),
  };
  return collect((report) => Promise.all(rules.map((rule) => rule(args, report))));
}

/** A resource of a stack, with the least a test has to say. */
export interface StackResource {
  readonly type: string;
  readonly name: string;
  readonly props?: Properties;
  /** Name of another resource of the list. */
  readonly parent?: string;
  /** Name of the provider, and so of the cluster. */
  readonly provider?: string;
}

/** Runs a stack policy the way the SDK's server does. */
export async function judgeStack(policy: StackValidationPolicy, resources: readonly StackResource[]): Promise<Verdict> {
  const built = new Map<string, PolicyResource>();
  for (const { type, name, props = {}, parent, provider } of resources) {
    const above = parent === undefined ? undefined : built.get(parent);
    if (parent !== undefined && above === undefined) throw new Error(`"${name}" comes before its parent "${parent}"`);
    const resource: PolicyResource = {
      type,
      name,
      urn: `urn:pulumi:prod-platform::serin::${type}::${name}`,
      props: unknownCheckingProxy(structuredClone(props)),
      opts: options,
      dependencies: [],
      propertyDependencies: {},
      ...common(),
      ...(above === undefined ? {} : { parent: above }),
      ...(provider === undefined ? {} : { provider: providerNamed(provider) }),
    };
    built.set(name, resource);
  }
  return collect((report) =>
    Promise.resolve(policy.validateStack({ resources: [...built.values()], ...common() }, report)),
  );
}

const options = {
  protect: false,
  ignoreChanges: [],
  aliases: [],
  additionalSecretOutputs: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
};

function providerNamed(name: string) {
  const type = "pulumi:providers:kubernetes";
  return { type, name, urn: `urn:pulumi:prod-platform::serin::${type}::${name}`, props: {} };
}

class NotApplicable extends Error {}

function common() {
  return {
    stackTags: new Map<string, string>(),
    isType: () => false,
    asType: () => undefined,
    getConfig: <T extends object>() => ({}) as T,
    notApplicable: (reason?: string): never => {
      throw new NotApplicable(reason);
    },
  };
}

async function collect(run: (report: (message: string) => void) => Promise<unknown>): Promise<Verdict> {
  const violations: string[] = [];
  try {
    await run((message) => violations.push(message));
    return { violations };
  } catch (error) {
    if (error instanceof NotApplicable) return { violations, notApplicable: error.message };
    if (error instanceof UnknownValueError) return { violations, undetermined: error.message };
    throw error;
  }
}

/** A copy with some paths set or removed. Fails where a path leads nowhere, so that a table cannot test nothing. */
export function changed(fixture: Properties, changes: Changes): Properties {
  const copy = structuredClone(fixture);
  for (const [path, value] of Object.entries(changes)) {
    const keys = [...path.matchAll(/\["(?<quoted>[^"]+)"\]|(?<plain>[^.[\]]+)/g)].map(
      ({ groups }) => groups?.quoted ?? groups?.plain ?? "",
    );
    const last = keys.pop() ?? "";
    let target: unknown = copy;
    for (const key of keys) target = isObject(target) ? target[key] : undefined;
    if (!isObject(target)) throw new Error(`the fixture has nothing at ${path}`);
    if (value === undefined) delete target[last];
    else target[last] = value;
  }
  return copy;
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}
