import { join } from "node:path";
import envPaths from "env-paths";

/**
 * Where Node keeps compiled modules between runs: half of a plan's time is the compilation of modules that have not
 * changed.
 */
export const compileCacheFolder = join(envPaths("serin", { suffix: "" }).cache, "compiled");
