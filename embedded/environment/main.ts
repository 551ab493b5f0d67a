import { mkdirSync, rmSync } from "node:fs";
import { environmentFiles } from "../machine/paths.ts";
import { Supervisor } from "./supervisor.ts";

/** The program of the supervisor: `node main.ts <dataDir>`. Runs one environment until SIGTERM, SIGINT or SIGHUP. */
const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("Usage: main.ts <folder of the environment>");

const { temporary } = environmentFiles(dataDir);
rmSync(temporary, { recursive: true, force: true });
mkdirSync(temporary, { recursive: true, mode: 0o700 });

const supervisor = new Supervisor(dataDir);

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => void supervisor.stop().then(() => process.exit(0)));
}
process.on("uncaughtException", (error) => {
  console.error(error);
  void supervisor.stop().finally(() => process.exit(1));
});

supervisor.start().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
