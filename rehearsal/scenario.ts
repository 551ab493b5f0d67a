import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Problem, ProblemError, under } from "../components/core/problem.ts";
import { type Duration, durationProblems } from "../components/core/quantity.ts";
import { parseFaults } from "../embedded/faults/fault.ts";
import type { SchemaDocument } from "../stacks/schema/jsonSchema.ts";
import { schemaProblems } from "../stacks/schema/schemaProblems.ts";
import type { Outcome } from "./report.ts";

/** Rehearsals with the outcome that each must have, as a file lists them. */
export interface Scenario {
  /** The embedded environment. @default `local` */
  readonly environment?: string;
  /** The rehearsals, one after another; at least one. */
  readonly rehearsals: readonly ScenarioRehearsal[];
}

/** One rehearsal of a scenario. Fields are as the options of `serin rehearse`, with the same defaults. */
export interface ScenarioRehearsal {
  /** For people. @default the version and its fault */
  readonly name?: string;
  /** The model. */
  readonly model: string;
  /** The version to release. */
  readonly to: string;
  /** Its faults, as `--fault` takes them. @default none */
  readonly fault?: string;
  /** Requests per second, 1 to 2000. @default the model's expected trough */
  readonly rate?: number;
  /** The longest time of the release. @default from the rate */
  readonly timeout?: Duration;
  /** A file of requests, by its path from the current folder. @default random requests */
  readonly input?: string;
  /** How often it is rehearsed, 1 to 100, each time with other intervals between requests. @default 1 */
  readonly repeat?: number;
  /** How each release must end. */
  readonly expect: Outcome;
  /** The longest time that it may take to that end. @default any */
  readonly within?: Duration;
}

const outcomes = ["promoted", "rolledBack", "undecided", "notStarted", "timedOut"] as const satisfies Outcome[];

/** The form of a scenario file. */
export const scenarioSchema: SchemaDocument = {
  type: "object",
  required: ["rehearsals"],
  additionalProperties: false,
  properties: {
    environment: { type: "string", description: "The embedded environment. Default: local." },
    rehearsals: { type: "array", minItems: 1, items: { $ref: "#/$defs/Rehearsal" } },
  },
  $defs: {
    Rehearsal: {
      type: "object",
      required: ["model", "to", "expect"],
      additionalProperties: false,
      properties: {
        name: { type: "string", description: "For people." },
        model: { type: "string", description: "The model." },
        to: { type: "string", description: "The version to release." },
        fault: { type: "string", description: "Its faults: errors=1%,latency=+200ms." },
        rate: { type: "number", description: "Requests per second, 1 to 2000." },
        timeout: { type: "string", description: "The longest time of the release." },
        input: { type: "string", description: "A file of requests." },
        repeat: { type: "number", description: "How often it is rehearsed, 1 to 100." },
        expect: { enum: outcomes, description: "How each release must end." },
        within: { type: "string", description: "The longest time to that end." },
      },
    },
  },
};

/** Reads a scenario file, YAML or JSON. @throws ProblemError with everything that is wrong in it */
export function readScenario(file: string): Scenario {
  const value = readValue(file);
  const problems = schemaProblems(scenarioSchema, value);
  const found = problems.length > 0 ? problems : valueProblems(value as Scenario);
  if (found.length > 0) throw new ProblemError(`The scenario ${file} cannot be rehearsed`, found);
  return value as Scenario;
}

function readValue(file: string): unknown {
  const refused = (error: unknown, fix: string) =>
    new ProblemError(`The scenario ${file} cannot be rehearsed`, [
      { path: file, reason: `${(error as Error).message.split("\n")[0]}.`.replace(/[:.]*\.$/, "."), fix },
    ]);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw refused(error, "Name a scenario file.");
  }
  try {
    return parse(text);
  } catch (error) {
    throw refused(error, "Write YAML or JSON.");
  }
}

function valueProblems({ rehearsals }: Scenario): Problem[] {
  return rehearsals.flatMap(({ fault = "", rate, repeat, timeout, within }, index) =>
    under(`rehearsals[${index}]`, [
      ...faultProblems(fault),
      ...rangeProblems("rate", rate, 1, 2_000),
      ...rangeProblems("repeat", repeat, 1, 100),
      ...(repeat === undefined || Number.isInteger(repeat)
        ? []
        : [{ path: "repeat", reason: `${repeat} is no whole number.`, fix: "Write one." }]),
      ...(timeout === undefined ? [] : durationProblems("timeout", timeout, { min: "10s", max: "24h" })),
      ...(within === undefined ? [] : durationProblems("within", within, { min: "1s", max: "24h" })),
    ]),
  );
}

function rangeProblems(path: string, value: number | undefined, min: number, max: number): Problem[] {
  if (value === undefined || (value >= min && value <= max)) return [];
  return [{ path, reason: `${value} is not between ${min} and ${max}.`, fix: `Write a number from ${min} to ${max}.` }];
}

function faultProblems(text: string): readonly Problem[] {
  try {
    parseFaults(text, "fault");
    return [];
  } catch (error) {
    if (error instanceof ProblemError) return error.problems;
    throw error;
  }
}
