import { describeConformance } from "../engine/conformance/conformance.ts";
import { liveEngineUnderTest } from "../engine/conformance/liveEngineUnderTest.ts";
import { startConformanceCluster } from "./conformanceCluster.ts";

describeConformance("the live engine on an API server", async () =>
  liveEngineUnderTest(await startConformanceCluster()),
);
