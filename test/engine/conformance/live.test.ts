import { describeConformance } from "./conformance.ts";
import { startFakeApiServer } from "./fakeApiServer.ts";
import { liveEngineUnderTest } from "./liveEngineUnderTest.ts";

describeConformance("the live engine", async () => {
  const server = await startFakeApiServer(["conformance"]);
  return liveEngineUnderTest({ ...server, namespace: () => "conformance" });
});
