import { CustomResourceDefinition } from "@pulumi/kubernetes/apiextensions/v1/customResourceDefinition.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import { type AtSite, renderedDirectory } from "../cluster/onPrem/siteSettings.ts";
import { isDomainLabel, isObjectName } from "../core/names.ts";
import { exitCodes, type Problem, ProblemError } from "../core/problem.ts";

/** What an adopted system must offer: a served version of a custom resource and, inside it, the fields we write. */
export interface Requirement {
  /** The name of the custom resource definition: `<plural>.<group>`. */
  readonly crd: string;
  /** The version of the API that must be served: `v1`. */
  readonly version: string;
  /** Paths of fields below the resource's root, items of lists included: `spec.metrics.consecutiveSuccessLimit`. */
  readonly fields?: readonly string[];
  /** The first release of the system that has version and fields, for the error: `Argo Rollouts 1.8`. */
  readonly since: string;
}

/** The value itself, or where a ConfigMap of the cluster holds it. Every preview and update reads the ConfigMap. */
export type Recorded = string | { readonly configMap: string; readonly namespace: string; readonly key: string };

/** The parts of a definition's `openAPIV3Schema` that say which fields exist. */
export interface OpenApiSchema {
  /** The fields of an object, by name. Absent: it is no object, or its fields are not listed. */
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  /** The schema of each item of a list. Absent: it is no list. */
  readonly items?: OpenApiSchema;
  /** True: the API server keeps every field below, listed or not. */
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

/**
 * The problem of adopting a system at a site that manifests are rendered for: adopting reads from the cluster, which
 * cannot be reached there. `instead` is what to write in place of `adopt`.
 */
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

/** What a value must be where it is not in a ConfigMap. */
export interface RecordedRule {
  /** What it is, for the message: `a port from 1 to 65535`. */
  readonly what: string;
  /** A value that is right. */
  readonly example: string;
  /** Whether a value is right. */
  readonly isRight: (value: string) => boolean;
}

const recordNames: Readonly<Record<"namespace" | "configMap" | "key", (text: string) => boolean>> = {
  namespace: isDomainLabel,
  configMap: isObjectName,
  key: (text) => /^[\w.-]{1,253}$/.test(text),
};

/** Everything wrong with a value, or with the place it is read from. What is in a ConfigMap is not known here. */
export function recordedProblems(path: string, value: Recorded, { what, example, isRight }: RecordedRule): Problem[] {
  if (typeof value === "string") {
    return isRight(value)
      ? []
      : [{ path, reason: `"${value}" is not ${what}.`, fix: `Write, for example, "${example}".` }];
  }
  return (["namespace", "configMap", "key"] as const)
    .filter((part) => !recordNames[part](value[part]))
    .map((part) => ({
      path: `${path}.${part}`,
      reason: `"${value[part]}" cannot be the ${part === "key" ? "key of a ConfigMap" : `name of a ${part === "namespace" ? "Namespace" : "ConfigMap"}`}.`,
      fix: "Write it as kubectl get configmap prints it.",
    }));
}

interface ServedVersion {
  readonly name: string;
  readonly served: boolean;
  readonly schema?: { readonly openAPIV3Schema?: OpenApiSchema };
}

/**
 * Reads the custom resource definitions of an adopted system. The Output lists them (`<crd>/<version>`), or fails with
 * a ProblemError (`unavailable`) that names what they lack. A definition that is missing fails the read itself.
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

/** What a definition with these versions lacks of a requirement. */
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

/**
 * The value, read from its ConfigMap where one holds it. The Output fails with a ProblemError (`unavailable`) where the
 * key is missing.
 */
export function recorded(name: string, value: Recorded, opts: pulumi.CustomResourceOptions): pulumi.Output<string> {
  if (typeof value === "string") return pulumi.output(value);
  const record = ConfigMap.get(name, `${value.namespace}/${value.configMap}`, opts);
  return record.data.apply((data) => {
    const found = data?.[value.key];
    if (found !== undefined) return found;
    throw new ProblemError(
      "A recorded value is missing",
      [
        {
          path: `ConfigMap ${value.namespace}/${value.configMap} data.${value.key}`,
          reason: "the key is not there.",
          fix: "Write the key into the ConfigMap, or declare the one that has the value.",
        },
      ],
      exitCodes.unavailable,
    );
  });
}
