/** What `serin plan <environment> --json` does, for an environment of many clusters that is declared nowhere. Run by `fleet.ts`. */
import "../../engine/sdkInternals.ts";
import { enableCompileCache } from "node:module";
import { compileCacheFolder } from "../../engine/compileCache.ts";

enableCompileCache(compileCacheFolder);
const { planEnvironment } = await import("../../plan/plan.ts");
const { planJson } = await import("../../plan/planJson.ts");
const { run } = await import("../../cli/run.ts");
const { fleet } = await import("./fleetEnvironment.ts");

const [clusters, models, processes] = process.argv.slice(2).map(Number);
await run(
  async ({ signal }) => {
    const options = processes === undefined ? {} : { processes };
    return { pieces: planJson(await planEnvironment(fleet(clusters ?? 0, models ?? 0), signal, options)) };
  },
  { json: true },
);
