import type { RecordedProperties, RecordedValue } from "../engine/recordedResource.ts";
import { secretSignature, specialSignatureKey, unknownSentinel } from "../engine/sdkInternals.ts";

/** The text that a plan shows for a secret. */
const secretShown = "[secret]";
/** The text that a plan shows for a value that only a deployment will know. */
export const unknownShown = "[known after up]";

/** Recorded values as a person or a program may see them. */
export function shown(value: RecordedValue | RecordedProperties): unknown {
  if (value === unknownSentinel) return unknownShown;
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  const record = value as RecordedProperties;
  const signature = record[specialSignatureKey];
  if (signature === secretSignature) return secretShown;
  // An output is wrapped with what it depends on; only its value is of interest, and an unknown one has none.
  if (signature !== undefined) return record.value === undefined ? unknownShown : shown(record.value);
  return Object.fromEntries(Object.entries(record).map(([key, item]) => [key, shown(item)]));
}
