import type { Policies } from "@pulumi/policy";
import { requireNoDataHandling } from "./analysis/requireNoDataHandling.ts";
import { requireAnsweringWebhooks } from "./availability/requireAnsweringWebhooks.ts";
import { requireBudget } from "./availability/requireBudget.ts";
import { requireTwo } from "./availability/requireTwo.ts";
import { requireLimitsOnly } from "./gpu/requireLimitsOnly.ts";
import { requireDigest } from "./image/requireDigest.ts";
import { limitPublic } from "./ingress/limitPublic.ts";
import { requireTls } from "./ingress/requireTls.ts";
import { requireMeshWideMtls } from "./mesh/requireMeshWideMtls.ts";
import { requireStrictMtls } from "./mesh/requireStrictMtls.ts";
import { requireDigest as requireModelDigest } from "./model/requireDigest.ts";
import { requireAnalysisBeforeHalf } from "./rollout/requireAnalysisBeforeHalf.ts";

/** Every policy of the pack. */
export const policies: Readonly<Policies> = [
  requireNoDataHandling,
  requireAnsweringWebhooks,
  requireBudget,
  requireTwo,
  requireLimitsOnly,
  requireDigest,
  requireModelDigest,
  limitPublic,
  requireTls,
  requireMeshWideMtls,
  requireStrictMtls,
  requireAnalysisBeforeHalf,
];
