import { dev } from "./dev.ts";
import type { Environment } from "./environment.ts";
import { local } from "./local.ts";
import { prod } from "./prod.ts";
import { test } from "./test.ts";

/** Every environment there is; `npx serin` and the stack program know no others. */
export const environments: Readonly<Record<string, Environment>> = { local, dev, test, prod };
