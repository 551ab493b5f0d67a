import { fileURLToPath } from "node:url";
import { typeSchema } from "./typeSchema.ts";

/** Where the schema is kept. */
export const environmentSchemaFile = fileURLToPath(
  new URL("../../../stacks/schema/environment.schema.json", import.meta.url),
);

/** The schema of an environment, as the types have it now. */
export function environmentSchemaText(): string {
  return `${JSON.stringify(typeSchema("stacks/environments/environment.ts", "Environment"), undefined, 2)}\n`;
}

/** Where the schema of a plan is kept. */
export const planSchemaFile = fileURLToPath(new URL("../../../plan/plan.schema.json", import.meta.url));

/** The schema of what `serin plan --json` prints, as the types have it now. */
export function planSchemaText(): string {
  return `${JSON.stringify(typeSchema("plan/planDocument.ts", "PlanDocument"), undefined, 2)}\n`;
}
