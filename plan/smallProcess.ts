import { moduleUrl } from "../components/core/moduleUrl.ts";
import { compileCacheFolder } from "../engine/compileCache.ts";

/** Loaded before all other modules, because it keeps the SDK small. */
const sdkInternals = moduleUrl("../engine/sdkInternals", import.meta.url).href;

/**
 * How the processes of a plan are started, this one included (`bin/serin.js`): the heap grows in small steps and is
 * collected often, and the compiler that needs 130 MB at once for the validators of custom resources is off. Two thirds
 * of the memory for a tenth more time.
 */
export const smallProcess = {
  execArgv: ["--max-semi-space-size=8", "--heap-growing-percent=60", "--no-maglev", "--import", sdkInternals],
  /** Nothing of the caller's environment, which may hold credentials. */
  env: { NODE_COMPILE_CACHE: compileCacheFolder },
} as const;
