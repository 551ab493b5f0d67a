import { startFakeApiServer } from "./fakeApiServer.ts";
import { liveEngineUnderTest } from "./liveEngineUnderTest.ts";
import { describeUpgrades } from "./upgrades.ts";

describeUpgrades("with the live engine", async () => {
  const server = await startFakeApiServer(["conformance"]);
  return liveEngineUnderTest({ ...server, namespace: () => "conformance" });
});
