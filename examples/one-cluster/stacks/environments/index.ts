import type { Environment } from "../../../../stacks/program.ts";
import { lab } from "./lab.ts";

export const environments: Readonly<Record<string, Environment>> = { lab };
