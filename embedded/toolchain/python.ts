import { access } from "node:fs/promises";
import { commandOutput } from "./runCommand.ts";
import { messageOf } from "./tool.ts";

/** A Python that Triton's Python backend can run models with. */
export interface Python {
  /** Major and minor version, one of `pythonVersions`: `3.11`. */
  readonly version: string;
  /** The absolute path of the interpreter, not of a virtual environment's link to it. */
  readonly executable: string;
  /** The directory of its shared library, which the backend's stub is linked against. */
  readonly libraryDirectory: string;
}

/**
 * The Python versions that nvidia-pytriton 0.7.0 has working stubs for. It ships one for 3.13 too, but with NumPy 2,
 * the first for 3.13, that stub answers "output tensor shape does not match size" to every inference (tried).
 */
export const pythonVersions = ["3.12", "3.11", "3.10", "3.9"] as const;

/** Prints an interpreter's version, path and library. In a virtual environment, those of the Python it is made from. */
const describe = `
import json, os, sys, sysconfig
name = "libpython%d.%d.so.1.0" % sys.version_info[:2]
places = [sysconfig.get_config_var("LIBDIR"), os.path.join(sys.base_prefix, "lib"),
          os.path.join("/usr/lib", sysconfig.get_config_var("MULTIARCH") or "")]
print(json.dumps({"version": "%d.%d" % sys.version_info[:2], "library": name,
  "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
  "places": [place for place in places if place]}))
`;

/**
 * The first Python with a usable version and a shared library: SERIN_PYTHON if it is set, else `python3` and then
 * `python3.12` to `python3.9` on PATH.
 * @throws Error with the reason for each that is not usable
 */
export async function findPython(signal: AbortSignal, env: NodeJS.ProcessEnv = process.env): Promise<Python> {
  const chosen = env.SERIN_PYTHON;
  const candidates =
    chosen === undefined || chosen === "" ? ["python3", ...pythonVersions.map((v) => `python${v}`)] : [chosen];
  const rejected: string[] = [];
  for (const candidate of candidates) {
    try {
      return await inspect(candidate, signal);
    } catch (error) {
      signal.throwIfAborted();
      rejected.push(`${candidate}: ${messageOf(error)}`);
    }
  }
  throw new Error(rejected.join("; "));
}

async function inspect(candidate: string, signal: AbortSignal): Promise<Python> {
  const output = await commandOutput(candidate, ["-I", "-c", describe], { signal, timeoutMs: 10_000 });
  const found = JSON.parse(output.trim().split("\n").at(-1) ?? "") as {
    version: string;
    library: string;
    executable: string;
    places: string[];
  };
  if (!pythonVersions.some((version) => version === found.version)) {
    throw new Error(`version ${found.version} is not one of ${pythonVersions.join(", ")}`);
  }
  for (const libraryDirectory of found.places) {
    const present = await access(`${libraryDirectory}/${found.library}`).then(
      () => true,
      () => false,
    );
    if (present) return { version: found.version, executable: found.executable, libraryDirectory };
  }
  throw new Error(`its ${found.library} is not in ${found.places.join(" or ")}`);
}
