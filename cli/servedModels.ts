import type { Finding } from "../diagnosis/diagnose.ts";
import { findingsText } from "../diagnosis/findingText.ts";
import type { Prediction } from "../rehearsal/prediction.ts";
import { predictionText } from "./verbs/predict.ts";

/** What `serin up` found of a model. */
export interface ServedModel {
  /** The version that answered, else the one that is stable. */
  readonly version: string;
  /** How its Rollout is, in words. */
  readonly state: string;
  /** The declared version of a model of the embedded environment, while it is being released. */
  readonly releasing?: string;
  /** Why its pods do not serve, as far as that is known by now. Absent: nothing is wrong with them. */
  readonly findings?: readonly Finding[];
  /** How the embedded environment runs it otherwise than a cluster does, in a sentence. Absent: it does not. */
  readonly standIn?: string;
  /** The answer to one request. Absent: no request was sent, as on clusters whose gateway is not reached from here. */
  readonly prediction?: Prediction;
}

/**
 * Each model by name: its answer, and what still happens. A release goes on after `up` has ended, so one answer of the
 * version before is as it should be.
 */
export function servedModels(models: Readonly<Record<string, ServedModel>>): string {
  return Object.entries(models)
    .map(([name, { prediction, version, state, releasing, standIn, findings = [] }]) =>
      [
        prediction === undefined ? `${name} version ${version}: ${state}` : `\n${predictionText(name, prediction)}`,
        ...(standIn === undefined ? [] : [`${name} is not as on a cluster: ${standIn}`]),
        ...(findings.length === 0 ? [] : ["", findingsText(findings), ""]),
        ...(releasing === undefined
          ? []
          : [
              `Version ${releasing} is being released: it gets a share of the requests and is judged by them. It waits as long as`,
              `none come. Follow it: npx serin release status ${name}`,
            ]),
      ].join("\n"),
    )
    .join("\n");
}
