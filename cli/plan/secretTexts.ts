import { isList, isObject, outputSignature } from "./analyzerProperties.ts";
import {
  type RecordedProperties,
  type RecordedValue,
  secretSignature,
  specialSignatureKey,
} from "./recordedResource.ts";

/** The plain texts that are secret somewhere in these inputs, longest first. */
export function secretTexts(allProperties: Iterable<RecordedProperties>): string[] {
  const texts = new Set<string>();
  for (const properties of allProperties) collect(properties, false, texts);
  return [...texts].sort((a, b) => b.length - a.length);
}

function collect(value: RecordedValue, isSecret: boolean, texts: Set<string>): void {
  if (isList(value)) {
    for (const item of value) collect(item, isSecret, texts);
  } else if (isObject(value)) {
    const signature = value[specialSignatureKey];
    const marked = signature === secretSignature || (signature === outputSignature && value.secret === true);
    for (const [key, item] of Object.entries(value)) {
      if (key !== specialSignatureKey) collect(item, isSecret || marked, texts);
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
