import { expect, it } from "vitest";
import type { SchemaDocument } from "../../../stacks/schema/jsonSchema.ts";
import { schemaProblems } from "../../../stacks/schema/schemaProblems.ts";

const list: SchemaDocument = {
  $ref: "#/$defs/Node",
  $defs: {
    Node: {
      type: "object",
      properties: { value: { type: "number" }, next: { $ref: "#/$defs/Node" } },
      required: ["value"],
      additionalProperties: false,
    },
  },
};

it("accepts an optional field that is written as undefined", () => {
  expect(schemaProblems(list, { value: 1, next: undefined })).toEqual([]);
});

it("takes a required field that is written as undefined for missing", () => {
  expect(schemaProblems(list, { value: undefined })).toEqual([
    { path: "value", reason: "it is missing.", fix: "Write a number." },
  ]);
});

it("comes to an end on a value of a recursive type that contains itself", () => {
  const loop: Record<string, unknown> = { value: 1 };
  loop.next = loop;
  expect(schemaProblems(list, loop).map(({ reason }) => reason)).toEqual(["it contains itself."]);
});

it("takes an object without a prototype for an object literal", () => {
  expect(schemaProblems(list, Object.assign(Object.create(null), { value: 1 }))).toEqual([]);
});
