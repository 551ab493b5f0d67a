import { ProblemError } from "../components/core/problem.ts";
import type { StackConfig } from "../engine/engine.ts";
import type { RecordedProperties, RecordedValue } from "../engine/recordedResource.ts";
import { outputSignature, secretSignature, specialSignatureKey } from "../engine/sdkInternals.ts";
import { isList, isObject } from "../engine/wireValues.ts";

/** The plain texts that are secret somewhere in these inputs, longest first. */
export function secretTexts(allProperties: Iterable<RecordedProperties>): string[] {
  const texts = new Set<string>();
  for (const properties of allProperties) collect(properties, false, texts);
  return [...texts].sort((a, b) => b.length - a.length);
}

/** The values of configuration that are secret. */
export function configuredSecrets({ config = {}, secretKeys = [] }: StackConfig): string[] {
  return secretKeys.flatMap((key) => config[key] ?? []);
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

/** From this length on a part of a secret is masked too: the token in a kubeconfig. */
const tellingPartLength = 16;

/**
 * Takes secrets out of messages: rules and programs are given plain values, and may quote them, whole, in part or
 * encoded.
 */
export function masking(secrets: readonly string[]): (message: string) => string {
  const telling = new Set<string>();
  const short = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < tellingLength) short.add(`"${secret}"`);
    else for (const form of formsOf(secret)) telling.add(form);
  }
  const longestFirst = [...telling].sort((a, b) => b.length - a.length);
  return (message) => {
    const open = longestFirst.reduce((text, form) => text.replaceAll(form, "[secret]"), message);
    return [...short].reduce((text, quoted) => text.replaceAll(quoted, '"[secret]"'), open);
  };
}

function formsOf(secret: string): string[] {
  const parts = [...secret.split(/\r?\n/), ...secret.split(/[\s"'`,;:=<>()[\]{}]+/)];
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString("hex"),
    Buffer.from(secret).toString("hex").toUpperCase(),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
    ...[0, 1, 2].flatMap((before) => base64Within(secret, before)),
    ...parts.map((part) => part.trim()).filter((part) => part.length >= tellingPartLength),
  ];
}

/**
 * How a secret looks inside a longer text in base 64 (`user:password`): three bytes are four characters, so it depends
 * on the number of bytes before it. The characters that it shares with its neighbours are left out.
 */
function base64Within(secret: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const start = Math.ceil((before * 8) / 6);
  const end = Math.floor((bytes.length * 8) / 6);
  return (["base64", "base64url"] as const).map((form) => bytes.toString(form).slice(start, end));
}

/** An error that quotes no secret. */
export function maskedError(error: unknown, mask: (message: string) => string): unknown {
  if (error instanceof ProblemError) {
    const problems = error.problems.map(({ path, reason, fix }) => ({
      path: mask(path),
      reason: mask(reason),
      ...(fix === undefined ? {} : { fix: mask(fix) }),
    }));
    return new ProblemError(mask(error.subject), problems, error.exitCode);
  }
  if (!(error instanceof Error)) return error;
  const stack = error.stack ?? error.message;
  if (mask(stack) === stack && mask(error.message) === error.message) return error;
  return Object.assign(new Error(mask(error.message)), { stack: mask(stack) });
}
