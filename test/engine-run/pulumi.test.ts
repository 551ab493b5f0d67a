import { startConformanceCluster } from "../embedded-run/conformanceCluster.ts";
import { describeConformance } from "../engine/conformance/conformance.ts";
import { describeUpgrades } from "../engine/conformance/upgrades.ts";
import { pulumiEngineUnderTest } from "./pulumiEngineUnderTest.ts";

const start = async () => pulumiEngineUnderTest(await startConformanceCluster());

describeConformance("Pulumi and its Kubernetes provider", start);
describeUpgrades("with Pulumi and its Kubernetes provider", start);
