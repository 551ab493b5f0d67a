import type { Problem } from "../../components/core/problem.ts";
import { keyPath } from "../schema/declaredPath.ts";
import { environmentSchema } from "../schema/environmentSchema.ts";
import { schemaProblems } from "../schema/schemaProblems.ts";
import { type Environment, validateEnvironment } from "./environment.ts";

/**
 * Everything wrong with what is declared under a key of `stacks/environments/index.ts`, by the path its owner typed.
 * The program, the command and `pulumi preview` all ask this. What means something is checked only in a declaration
 * whose form is right.
 */
export function environmentProblems(key: string, declared: unknown): Problem[] {
  const form = schemaProblems(environmentSchema(), declared);
  if (form.length > 0)
    return form.map(({ path, ...rest }) => ({ path: path || keyPath("environments", key), ...rest }));
  const environment = declared as Environment;
  const ofKey = nameProblems(key, environment);
  // A name that must give way to the key needs no other mending.
  return [...ofKey, ...validateEnvironment(environment).filter(({ path }) => ofKey.length === 0 || path !== "name")];
}

/**
 * Stacks are found by the name, and commands by the key: two names would make one environment's command reach another's
 * stacks.
 */
function nameProblems(key: string, { name }: Environment): Problem[] {
  return name === key
    ? []
    : [
        {
          path: "name",
          reason: `"${name}" is not "${key}", the key of the environment in stacks/environments/index.ts.`,
          fix: `Write "${key}", or register it as "${name}".`,
        },
      ];
}
