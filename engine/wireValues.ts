import { readFileSync } from "node:fs";
import type { RecordedProperties, RecordedValue } from "./recordedResource.ts";
import {
  assetSignature,
  resourceSignature,
  secretSignature,
  specialSignatureKey,
  unknownSentinel,
} from "./sdkInternals.ts";

/** An object among recorded values. */
export type RecordedObject = { readonly [key: string]: RecordedValue };

/** Marks a value as secret; a secret is not marked twice. */
export function secret(value: RecordedValue): RecordedValue {
  return signatureOf(value) === secretSignature ? value : { [specialSignatureKey]: secretSignature, value };
}

/**
 * Plain values, as an API server wants them: secrets unwrapped, assets read, references to resources replaced by their
 * ids.
 *
 * @throws Error when a value is unknown, which outside a preview is a defect.
 */
export function plainProperties(properties: RecordedProperties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, plainValue(value, key)]));
}

function plainValue(value: RecordedValue, path: string): unknown {
  if (value === unknownSentinel) throw new Error(`${path} is unknown`);
  if (isList(value)) return value.map((item, index) => plainValue(item, `${path}[${index}]`));
  if (!isObject(value)) return value;
  switch (value[specialSignatureKey]) {
    case undefined:
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainValue(item, `${path}.${key}`)]));
    case secretSignature:
      return plainValue(value.value ?? null, path);
    case resourceSignature:
      return value.id ?? value.urn;
    case assetSignature:
      return typeof value.path === "string" ? readFileSync(value.path, "utf8") : value.text;
    default:
      throw new Error(`${path} has a value of a kind that is not supported here`);
  }
}

/** True when the value is or holds a secret. */
function holdsSecret(value: RecordedValue): boolean {
  if (isList(value)) return value.some(holdsSecret);
  if (!isObject(value)) return false;
  return value[specialSignatureKey] === secretSignature || Object.values(value).some(holdsSecret);
}

/** The outputs of one stack as the engine answers a `StackReference`: secrets unwrapped, their names beside. */
export function referencedOutputs(outputs: RecordedProperties): RecordedProperties {
  const secretNames = secretOutputNames(outputs);
  const plain = withoutSecrets(outputs);
  return { outputs: secretNames.length > 0 ? secret(plain) : plain, secretOutputNames: secretNames };
}

/** The outputs that are or hold a secret. */
export function secretOutputNames(outputs: RecordedProperties): string[] {
  return Object.keys(outputs).filter((name) => holdsSecret(outputs[name] ?? null));
}

function withoutSecrets(value: RecordedValue): RecordedValue {
  if (isList(value)) return value.map(withoutSecrets);
  if (!isObject(value)) return value;
  if (value[specialSignatureKey] === secretSignature) return withoutSecrets(value.value ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutSecrets(item)]));
}

function signatureOf(value: RecordedValue): RecordedValue | undefined {
  return isObject(value) ? value[specialSignatureKey] : undefined;
}

/** True for a list. */
export function isList(value: RecordedValue): value is readonly RecordedValue[] {
  return Array.isArray(value);
}

/** True for an object, a special value among them. */
export function isObject(value: RecordedValue): value is RecordedObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
