import { dev } from "./dev.ts";
import type { Environment } from "./environment.ts";
import { local } from "./local.ts";

/** Every environment there is; `npx serin` and the stack program know no others. */
export const environments: Readonly<Record<string, Environment>> = { local, dev };
