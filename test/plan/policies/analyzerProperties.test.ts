import fc from "fast-check";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, it } from "vitest";
import type { RecordedProperties, RecordedValue } from "../../../engine/recordedResource.ts";
import { secretSignature, specialSignatureKey, unknownSentinel } from "../../../engine/sdkInternals.ts";
import { analyzerProperties } from "../../../plan/policies/analyzerProperties.ts";

const output = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const reference = "5cf8f73096256a8f31e491e813e4eb8e";

/** As the pack's server reads it. */
function decoded(properties: RecordedProperties): unknown {
  return struct.Struct.deserializeBinary(analyzerProperties(properties)).toJavaScript();
}

it("arrives at the pack as it was recorded, whatever it is", () => {
  const trees = fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<RecordedValue>, { noNullPrototype: true })
    .filter((properties) => !JSON.stringify(properties).includes('"__'));
  fc.assert(
    fc.property(trees, (properties) => {
      expect(decoded(properties)).toEqual(properties);
    }),
  );
});

it("resolves Outputs, references and what is internal, as the engine does", () => {
  expect(
    decoded({
      known: { [specialSignatureKey]: output, value: ["a"] },
      unknown: { [specialSignatureKey]: output, secret: true },
      secret: { [specialSignatureKey]: output, value: 1, secret: true },
      marked: { [specialSignatureKey]: secretSignature, value: { [specialSignatureKey]: output, value: "a" } },
      resource: [{ [specialSignatureKey]: reference, urn: "urn:a", id: "b" }],
      component: { [specialSignatureKey]: reference, urn: "urn:a" },
      later: { [specialSignatureKey]: reference, urn: "urn:a", id: "" },
      __internal: true,
      nested: { __defaults: [], kept: 1 },
    }),
  ).toEqual({
    known: ["a"],
    unknown: { [specialSignatureKey]: secretSignature, value: unknownSentinel },
    secret: { [specialSignatureKey]: secretSignature, value: 1 },
    marked: { [specialSignatureKey]: secretSignature, value: "a" },
    resource: ["b"],
    component: "urn:a",
    later: unknownSentinel,
    nested: { kept: 1 },
  });
});
