import { readFileSync } from "node:fs";
import { ProblemError } from "../components/core/problem.ts";
import type { Plan } from "./plan.ts";
import type { Change, PlanDocument } from "./planDocument.ts";

/** Resources are the same when their URNs are: a resource that is renamed is deleted and created. */
export async function changesBetween(before: PlanDocument, after: Plan): Promise<Change[]> {
  const old = new Map(before.stacks.flatMap(({ resources }) => resources.map((resource) => [resource.urn, resource])));
  const made: Change[] = [];
  for (const stack of after.stacks) {
    for await (const resources of stack.resources()) {
      for (const resource of resources) {
        const was = old.get(resource.urn);
        old.delete(resource.urn);
        const inputs = was === undefined ? [] : differences(was.inputs, resource.inputs, "");
        if (was === undefined) made.push({ kind: "create", resource, inputs });
        else if (inputs.length > 0) made.push({ kind: "update", resource, inputs });
      }
    }
  }
  return [...made, ...[...old.values()].map((resource): Change => ({ kind: "delete", resource, inputs: [] }))];
}

/**
 * An earlier plan, as `serin plan --json` wrote it.
 *
 * @throws ProblemError when the file is none, or is of another environment.
 */
export function readPlan(file: string, environment: string): PlanDocument {
  const reject = (reason: string) =>
    new ProblemError("There is no earlier plan to compare with", [
      {
        path: "--against",
        reason: `${file}: ${reason}`,
        fix: `Write one with: npx serin plan ${environment} --json > ${file}`,
      },
    ]);
  let plan: Partial<PlanDocument> | null;
  try {
    plan = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw reject(`${error instanceof Error ? error.message : error}.`);
  }
  const isPlan =
    typeof plan === "object" &&
    typeof plan?.environment === "string" &&
    Array.isArray(plan.stacks) &&
    plan.stacks.every((stack) => Array.isArray(stack?.resources));
  if (!isPlan || plan === null) throw reject("it is not a plan.");
  if (plan.environment !== environment) throw reject(`it is a plan of "${plan.environment}".`);
  return plan as PlanDocument;
}

function differences(before: unknown, after: unknown, path: string): Change["inputs"] {
  if (isTree(before) && isTree(after) && Array.isArray(before) === Array.isArray(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], step(path, key, Array.isArray(after))));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function step(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}
