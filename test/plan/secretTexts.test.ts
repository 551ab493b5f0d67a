import { expect, it } from "vitest";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import { secretSignature, specialSignatureKey } from "../../engine/sdkInternals.ts";
import { maskedError, masking, secretTexts } from "../../plan/secretTexts.ts";

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
  expect(masking(["password"])('image "registry/password:1", password')).toBe('image "registry/[secret]:1", [secret]');
});

it("masks the whole of two secrets of which one holds the other", () => {
  const mask = masking(secretTexts([{ a: secret("12345"), b: secret("abcdef-12345") }]));
  expect(mask("abcdef-12345")).toBe("[secret]");
});

it("masks a short secret where it is quoted, so that the rest stays readable", () => {
  expect(masking(["a"])('"a" is not a name')).toBe('"[secret]" is not a name');
});

it.each([
  ["as JSON", (text: string) => JSON.stringify({ text })],
  ["in a URL", encodeURIComponent],
  ["in base 64", (text: string) => btoa(text)],
  ["in part: a line", (text: string) => text.split("\n")[1] ?? ""],
  [
    "in part: a token",
    (text: string) => JSON.stringify({ token: text.split(/[ \n"]/).find((part) => part.startsWith("token-")) }),
  ],
])("masks a secret that is quoted %s", (_, quoted) => {
  const kubeconfig = 'users:\n- user: { token: "token-0123456789abcdef" }\n';
  const message = quoted(kubeconfig);
  expect(message.length).toBeGreaterThan(16);
  expect(masking([kubeconfig])(message)).toMatch(/^("?\{?"?(text|token)?"?:?"?)\[secret\]("\})?$/);
});

it.each<[string, string, string | RegExp]>([
  ["in hexadecimal digits", Buffer.from("hush-hush").toString("hex"), "[secret]"],
  ["in capital hexadecimal digits", Buffer.from("hush-hush").toString("hex").toUpperCase(), "[secret]"],
  ...["", "u:", "us:", "user:", "user1:"].map((user): [string, string, RegExp] => [
    `in base 64, after "${user}"`,
    btoa(`${user}hush-hush!`),
    /^\w{0,8}\[secret\][\w=]{0,4}$/,
  ]),
])("masks a secret that is quoted %s", (_, quoted, shown) => {
  const masked = masking(["hush-hush"])(`Basic ${quoted}`).slice("Basic ".length);
  expect(masked).toMatch(shown);
  for (const part of [masked.split("[secret]")[0] ?? "", masked.split("[secret]")[1] ?? ""]) {
    expect(Buffer.from(part, "base64").toString("latin1")).not.toMatch(/hu|sh/);
  }
});

it("masks what an error says, and keeps what it is", () => {
  const mask = masking(["hush-hush"]);
  const problem = maskedError(
    new ProblemError("hush-hush", [{ path: "a", reason: "b hush-hush", fix: "c hush-hush" }], exitCodes.unavailable),
    mask,
  );
  expect(problem).toBeInstanceOf(ProblemError);
  expect(problem).toMatchObject({
    message: "[secret]:\n  - a: b [secret] c [secret]",
    problems: [{ path: "a", reason: "b [secret]", fix: "c [secret]" }],
    exitCode: exitCodes.unavailable,
  });
  const defect = maskedError(new TypeError("cannot split hush-hush"), mask) as Error;
  expect(defect.message).toBe("cannot split [secret]");
  expect(defect.stack).toMatch(/^TypeError: cannot split \[secret\]\n\s+at /);
  const harmless = new TypeError("cannot split");
  expect(maskedError(harmless, mask)).toBe(harmless);
});
