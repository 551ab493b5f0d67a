import { CustomResourceDefinition } from "@pulumi/kubernetes/apiextensions/v1/customResourceDefinition.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import { type AtSite, renderedDirectory } from "../cluster/onPrem/siteSettings.ts";
import { exitCodes, type Problem, ProblemError } from "../core/problem.ts";

/** What an adopted system must offer: a served version of a custom resource and, inside it, the fields we write. */
export interface Requirement {
  /** `<plural>.<group>`. */
  readonly crd: string;
  readonly version: string;
  /** Paths of fields below the resource's root, items of lists included: `spec.metrics.consecutiveSuccessLimit`. */
  readonly fields?: readonly string[];
  /** Which release brought them, for the error. */
  readonly since: string;
}

/** A value that the cluster itself records, or the value itself. */
export type Recorded = string | { readonly configMap: string; readonly namespace: string; readonly key: string };

export interface OpenApiSchema {
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

/** Adopting is reading, and nobody reads from a cluster that pulls rendered manifests. `instead` is what to write. */
export function adoptionProblems({ settings, ...args }: AtSite, instead: string): Problem[] {
  if (!("adopt" in args) || renderedDirectory(settings) === undefined) return [];
  return [
    {
      path: "adopt",
      reason: "manifests are rendered for this site, so what is there cannot be looked at.",
      fix: `Write ${instead}.`,
    },
  ];
}

interface ServedVersion {
  readonly name: string;
  readonly served: boolean;
  readonly schema?: { readonly openAPIV3Schema?: OpenApiSchema };
}

/**
 * Reads the custom resource definitions of an adopted system and refuses to go on when they do not fit.
 * A missing definition fails the read itself.
 */
export function adopt(
  name: string,
  system: string,
  requirements: readonly Requirement[],
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<readonly string[]> {
  const served = requirements.map((requirement) => {
    const definition = CustomResourceDefinition.get(`${name}-${requirement.crd}`, requirement.crd, opts);
    return definition.spec.versions.apply((versions) => {
      const problems = unmet(requirement, versions as unknown as readonly ServedVersion[]);
      if (problems.length > 0)
        throw new ProblemError(`The ${system} in the cluster does not fit`, problems, exitCodes.unavailable);
      return `${requirement.crd}/${requirement.version}`;
    });
  });
  return pulumi.all(served);
}

/** What a definition lacks of a requirement. */
export function unmet(requirement: Requirement, versions: readonly ServedVersion[]): Problem[] {
  const version = versions.find(({ name }) => name === requirement.version);
  if (version === undefined || !version.served) {
    const found = versions.filter(({ served }) => served).map(({ name }) => name);
    return [
      {
        path: requirement.crd,
        reason: `version ${requirement.version} is not served (served: ${found.join(", ") || "none"}).`,
        fix: `Upgrade to ${requirement.since} or later.`,
      },
    ];
  }
  return (requirement.fields ?? [])
    .filter((field) => !hasField(version.schema?.openAPIV3Schema, field.split(".")))
    .map((field) => ({
      path: `${requirement.crd} ${field}`,
      reason: "the field is not in the installed schema, so it would be dropped.",
      fix: `Upgrade to ${requirement.since} or later.`,
    }));
}

function hasField(schema: OpenApiSchema | undefined, path: readonly string[]): boolean {
  const [head, ...rest] = path;
  if (schema === undefined) return false;
  if (head === undefined || schema["x-kubernetes-preserve-unknown-fields"] === true) return true;
  return hasField(schema.properties?.[head] ?? schema.items?.properties?.[head], rest);
}

/** Resolves a recorded value by reading the ConfigMap that holds it. */
export function recorded(name: string, value: Recorded, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  if (typeof value === "string") return pulumi.output(value);
  const record = ConfigMap.get(name, `${value.namespace}/${value.configMap}`, opts);
  return record.data.apply((data) => {
    const found = data?.[value.key];
    if (found !== undefined) return found;
    throw new ProblemError(
      "A recorded value is missing",
      [{ path: `ConfigMap ${value.namespace}/${value.configMap} data.${value.key}`, reason: "the key is not there." }],
      exitCodes.unavailable,
    );
  });
}
