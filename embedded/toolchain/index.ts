export { cacheDirectory } from "./cache.ts";
export {
  type EnsureOptions,
  ensureHelm,
  ensureTools,
  ensureTriton,
  requireSupportedMachine,
  type Tools,
  type TritonTool,
} from "./ensureTools.ts";
export type { ToolEvent } from "./tool.ts";
