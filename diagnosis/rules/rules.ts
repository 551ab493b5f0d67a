import { controlRules } from "./control.ts";
import { gpuRules } from "./gpus.ts";
import { imageRules } from "./images.ts";
import { metricRules } from "./metrics.ts";
import { modelLoadRules } from "./modelLoad.ts";
import { routeRules } from "./routes.ts";
import { areas, type Rule } from "./rule.ts";
import { admissionRules, schedulingRules } from "./scheduling.ts";
import { startRules } from "./starts.ts";
import { storeRules, volumeRules } from "./volumes.ts";

/** Every rule, in the order in which faults hide each other. A new one is a line in one of these files, and a test. */
export const rules: readonly Rule[] = [
  ...controlRules,
  ...admissionRules,
  ...schedulingRules,
  ...imageRules,
  ...volumeRules,
  ...storeRules,
  ...gpuRules,
  ...modelLoadRules,
  ...startRules,
  ...routeRules,
  ...metricRules,
].toSorted((a, b) => areas.indexOf(a.area) - areas.indexOf(b.area));
