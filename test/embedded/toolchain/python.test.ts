import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { findPython } from "../../../embedded/toolchain/python.ts";
import { program, temporaryFolder } from "./fixtures.ts";

const { signal } = new AbortController();

/** An interpreter that answers as one of `version` would, with or without its shared library. */
function interpreter(bin: string, name: string, version: string, { shared = true } = {}): string {
  const places = temporaryFolder();
  const library = `libpython${version}.so.1.0`;
  if (shared) writeFileSync(join(places, library), "");
  const answer = { version, library, executable: `/opt/python${version}`, places: [places] };
  program(bin, name, `echo '${JSON.stringify(answer)}'`);
  return places;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Nothing but these programs and a shell's own on PATH. */
function onlyOnPath(bin: string): void {
  vi.stubEnv("PATH", bin);
}

describe("the Python for Triton's models", () => {
  it("is python3 when that fits", async () => {
    const bin = temporaryFolder();
    const libraryDirectory = interpreter(bin, "python3", "3.11");
    onlyOnPath(bin);
    expect(await findPython(signal, {})).toEqual({ version: "3.11", executable: "/opt/python3.11", libraryDirectory });
  });

  it("is a versioned one when python3 is too new or has no shared library", async () => {
    const bin = temporaryFolder();
    interpreter(bin, "python3", "3.14");
    interpreter(bin, "python3.12", "3.12", { shared: false });
    interpreter(bin, "python3.10", "3.10");
    onlyOnPath(bin);
    expect((await findPython(signal, {})).version).toBe("3.10");
  });

  it("is the one that SERIN_PYTHON names, and no other", async () => {
    const bin = temporaryFolder();
    interpreter(bin, "python3", "3.11");
    interpreter(bin, "mine", "3.9");
    onlyOnPath(bin);
    expect((await findPython(signal, { SERIN_PYTHON: join(bin, "mine") })).version).toBe("3.9");
    await expect(findPython(signal, { SERIN_PYTHON: "/no/python" })).rejects.toThrow(
      /^\/no\/python: \/no\/python is not on PATH$/,
    );
  });

  it("is reported missing with what was wrong with each candidate", async () => {
    const bin = temporaryFolder();
    interpreter(bin, "python3", "3.14");
    const empty = interpreter(bin, "python3.11", "3.11", { shared: false });
    onlyOnPath(bin);
    const message = await findPython(signal, {}).catch((error: Error) => error.message);
    expect(message).toContain("python3: version 3.14 is not one of 3.12, 3.11, 3.10, 3.9");
    expect(message).toContain(`python3.11: its libpython3.11.so.1.0 is not in ${empty}`);
    expect(message).toContain("python3.9: python3.9 is not on PATH");
  });
});
