import type { Environment } from "../../../../stacks/program.ts";
import { demo } from "./demo.ts";

export const environments: Readonly<Record<string, Environment>> = { demo };
