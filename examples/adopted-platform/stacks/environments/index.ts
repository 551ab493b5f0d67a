import type { Environment } from "../../../../stacks/program.ts";
import { site } from "./site.ts";

export const environments: Readonly<Record<string, Environment>> = { site };
