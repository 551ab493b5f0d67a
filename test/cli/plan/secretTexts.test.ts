import { expect, it } from "vitest";
import { secretSignature, specialSignatureKey } from "../../../cli/plan/recordedResource.ts";
import { masked, secretTexts } from "../../../cli/plan/secretTexts.ts";

const secret = (value: string | number | { [key: string]: string }) => ({
  [specialSignatureKey]: secretSignature,
  value,
});

it("finds every text below a secret, longest first, and nothing else", () => {
  const properties = {
    open: "plain",
    list: [secret("password")],
    whole: secret({ user: "root", token: "t-0123456789" }),
  };
  expect(secretTexts([properties, { pin: secret(4711), off: { a: true } }])).toEqual([
    "t-0123456789",
    "password",
    "root",
    "4711",
  ]);
});

it("masks a secret wherever it stands", () => {
  expect(masked('image "registry/password:1", password', ["password"])).toBe('image "registry/[secret]:1", [secret]');
});

it("masks the whole of two secrets of which one holds the other", () => {
  expect(masked("abcdef-12345", secretTexts([{ a: secret("12345"), b: secret("abcdef-12345") }]))).toBe("[secret]");
});

it("masks a short secret where it is quoted, so that the rest stays readable", () => {
  expect(masked('"a" is not a name', ["a"])).toBe('"[secret]" is not a name');
});
