import struct from "google-protobuf/google/protobuf/struct_pb.js";
import {
  type RecordedProperties,
  type RecordedValue,
  secretSignature,
  specialSignatureKey,
  unknownSentinel,
} from "./recordedResource.ts";

/** `specialOutputValueSig` and `specialResourceSig` of `@pulumi/pulumi/runtime/rpc`. */
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";

type RecordedObject = { readonly [key: string]: RecordedValue };

/**
 * Recorded inputs as the engine hands them to a policy pack (`MarshalProperties` with `KeepUnknowns`, `KeepSecrets` and
 * `SkipInternalKeys`): an Output becomes its value, a secret or an unknown, and a reference to a resource becomes its id.
 * The pack's server refuses both as they were recorded.
 */
export function analyzerProperties(properties: RecordedProperties): struct.Struct {
  return struct.Struct.fromJavaScript(engineObject(properties) as Parameters<typeof struct.Struct.fromJavaScript>[0]);
}

function engineObject(object: RecordedObject): Record<string, RecordedValue> {
  return Object.fromEntries(
    Object.entries(object)
      .filter(([key]) => !key.startsWith("__"))
      .map(([key, value]) => [key, engineValue(value)]),
  );
}

function engineValue(value: RecordedValue): RecordedValue {
  if (isList(value)) return value.map(engineValue);
  if (!isObject(value)) return value;
  switch (value[specialSignatureKey]) {
    case outputSignature: {
      const plain = value.value === undefined ? unknownSentinel : engineValue(value.value);
      return value.secret === true ? { [specialSignatureKey]: secretSignature, value: plain } : plain;
    }
    case resourceSignature:
      return (value.id === undefined ? value.urn : value.id === "" ? unknownSentinel : value.id) ?? null;
    default:
      return engineObject(value);
  }
}

/** The plain texts that are secret somewhere in these inputs, longest first. */
export function secretTexts(allProperties: Iterable<RecordedProperties>): string[] {
  const texts = new Set<string>();
  for (const properties of allProperties) collectSecrets(properties, false, texts);
  return [...texts].sort((a, b) => b.length - a.length);
}

function collectSecrets(value: RecordedValue, isSecret: boolean, texts: Set<string>): void {
  if (isList(value)) {
    for (const item of value) collectSecrets(item, isSecret, texts);
  } else if (isObject(value)) {
    const signature = value[specialSignatureKey];
    const marked = signature === secretSignature || (signature === outputSignature && value.secret === true);
    for (const [key, item] of Object.entries(value)) {
      if (key !== specialSignatureKey) collectSecrets(item, isSecret || marked, texts);
    }
  } else if (isSecret && (typeof value === "number" || (typeof value === "string" && value !== ""))) {
    texts.add(String(value));
  }
}

/** Below this length a text may stand in a message by chance, so it is masked only where it is quoted whole. */
const tellingLength = 4;

/** A message without the secrets: rules are given plain values, and may quote them. */
export function masked(message: string, secrets: readonly string[]): string {
  return secrets.reduce(
    (text, secret) =>
      secret.length >= tellingLength
        ? text.replaceAll(secret, "[secret]")
        : text.replaceAll(`"${secret}"`, '"[secret]"'),
    message,
  );
}

function isList(value: RecordedValue): value is readonly RecordedValue[] {
  return Array.isArray(value);
}

function isObject(value: RecordedValue): value is RecordedObject {
  return typeof value === "object" && value !== null && !isList(value);
}
