import type { IContainer } from "kubernetes-models/v1/Container";
import type { DeepInput } from "../core/customResource.ts";
import type { Problem } from "../core/problem.ts";

/** What the files of a version must be, so that its pods start with no others. */
export interface Artifact {
  /**
   * `sha256:` and 64 hexadecimal digits: of the version's files and their paths, as `serin model digest <folder>`
   * prints it. File modes, times and empty folders do not count.
   */
  readonly digest: `sha256:${string}`;
  /**
   * The version of the data that the model was made from, 1 to 63 of a-z, A-Z, 0-9, ".", "_" and "-". The file
   * `data-version` in the version's folder must say the same in its first line.
   * @default not compared: the digest covers the file, too
   */
  readonly data?: string;
}

/** The file in a version's folder that says which data the model was made from. */
export const dataVersionFile = "data-version";

/** The name of the init container that checks the files of a version. */
export const artifactCheck = "artifact-check";

/** How the init container ends where Triton must not start. 1 and 127 are a shell's own. */
export const artifactExitCodes = {
  /** The files, or the data version that they name, are others than declared. */
  differs: 65,
  /** The folder or a file in it is missing or cannot be read. */
  unreadable: 66,
} as const;

/**
 * The digest of the files below the current folder, in the programs of coreutils and findutils. Links are followed, as
 * Triton follows them.
 */
export const digestCommand = "find -L . -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum";

/**
 * Checks a version's folder ($1) for its digest ($2) and the version of its data ($3; empty: not compared). Bash and
 * coreutils are in every image of Triton. What it prints becomes the container's termination message, of which the
 * kubelet keeps 2048 bytes and 80 lines.
 */
const script = `
refuse() { echo "$2"; exit "$1"; }
cd "$1" 2>/dev/null || refuse ${artifactExitCodes.unreadable} "refused: the folder $1 of this version does not exist or cannot be read."
if [ -n "$3" ]; then
  [ -r ${dataVersionFile} ] || refuse ${artifactExitCodes.unreadable} "refused: declared is data version $3, and $1 has no file ${dataVersionFile} that names one."
  IFS= read -r data < ${dataVersionFile} || true
  [ "$data" = "$3" ] || refuse ${artifactExitCodes.differs} "refused: declared is data version $3, and $1/${dataVersionFile} says \${data:-nothing}."
fi
[ -n "$(find -L . -type f -print -quit)" ] || refuse ${artifactExitCodes.unreadable} "refused: there are no files in $1."
set -o pipefail
found=$(${digestCommand}) || refuse ${artifactExitCodes.unreadable} "refused: the files in $1 cannot be read."
found=sha256:\${found%% *}
[ "$found" = "$2" ] || refuse ${artifactExitCodes.differs} "refused: declared is digest $2, and the files in $1 have $found."
echo "$1 has the declared digest $2"
`.trim();

/**
 * The init container that ends with an error, so that Triton does not start, where the files are others than declared.
 * It reads all files once. Give it the image, mounts and resources of a container that can read `folder`.
 */
export function artifactContainer(
  { digest, data }: Artifact,
  folder: string,
  base: Pick<DeepInput<IContainer>, "image" | "resources" | "volumeMounts">,
): DeepInput<IContainer> {
  return {
    name: artifactCheck,
    ...base,
    command: ["bash", "-c", script],
    // Bash takes the first word as the name of the program.
    args: [artifactCheck, folder, digest, data ?? ""],
    // The image names all GPUs, and this container asks the scheduler for none.
    env: [{ name: "NVIDIA_VISIBLE_DEVICES", value: "void" }],
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
}

/** Problems of a declared artifact, by the path below it. */
export function artifactProblems({ digest, data }: Artifact): Problem[] {
  return [
    ...(/^sha256:[0-9a-f]{64}$/.test(digest)
      ? []
      : [
          {
            path: "digest",
            reason: `"${digest}" is not sha256: and 64 hexadecimal digits in lower case.`,
            fix: "Write what this prints: npx serin model digest <folder of the version>",
          },
        ]),
    ...(data === undefined || /^[A-Za-z0-9._-]{1,63}$/.test(data)
      ? []
      : [
          {
            path: "data",
            reason: `"${data}" is not 1 to 63 of a-z, A-Z, 0-9, ".", "_" and "-".`,
            fix: `Write the first line of the version's file ${dataVersionFile}, such as "2026-11-01".`,
          },
        ]),
  ];
}
