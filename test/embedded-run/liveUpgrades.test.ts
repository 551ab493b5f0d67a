import { liveEngineUnderTest } from "../engine/conformance/liveEngineUnderTest.ts";
import { describeUpgrades } from "../engine/conformance/upgrades.ts";
import { startConformanceCluster } from "./conformanceCluster.ts";

describeUpgrades("with the live engine on an API server", async () =>
  liveEngineUnderTest(await startConformanceCluster()),
);
