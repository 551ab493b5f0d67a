import type { Environment } from "../../../../stacks/program.ts";
import { everywhere } from "./everywhere.ts";

export const environments: Readonly<Record<string, Environment>> = { everywhere };
