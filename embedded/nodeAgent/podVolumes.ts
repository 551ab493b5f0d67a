import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { V1PersistentVolume, V1PersistentVolumeClaim, V1Pod, V1Volume } from "@kubernetes/client-node";
import { PodProblem } from "./podProblem.ts";

/** Reads the objects that a pod's volumes refer to. Both methods reject if the request to the API server fails. */
export interface VolumeReader {
  /** The PersistentVolumeClaim of that name; `undefined` if it does not exist. */
  claim(namespace: string, name: string): Promise<V1PersistentVolumeClaim | undefined>;
  /** The PersistentVolume of that name; `undefined` if it does not exist. */
  volume(name: string): Promise<V1PersistentVolume | undefined>;
}

/** A volume mount of a container and its path on this machine. */
export interface Mount {
  /** The path in the container, without a trailing slash. */
  readonly mountPath: string;
  /** The absolute path on this machine. */
  readonly hostPath: string;
}

/**
 * The mounts of one container. A `hostPath` volume keeps its path, a PersistentVolumeClaim gets the path of its volume,
 * and an `emptyDir` becomes a folder in `directory`. Volumes of other types are ignored.
 * @throws PodProblem if a claim does not exist, is not Bound, or has a volume without a path on this machine
 */
export async function containerMounts(
  pod: V1Pod,
  containerName: string,
  directory: string,
  reader: VolumeReader,
): Promise<Mount[]> {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const container = [...containers, ...initContainers].find(({ name }) => name === containerName);
  const mounts: Mount[] = [];
  for (const mount of container?.volumeMounts ?? []) {
    const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name);
    if (volume === undefined) continue;
    const root = await hostPath(volume, pod.metadata?.namespace ?? "default", directory, reader);
    if (root === undefined) continue;
    mounts.push({ mountPath: mount.mountPath.replace(/\/+$/, ""), hostPath: join(root, mount.subPath ?? "") });
  }
  return mounts;
}

/** The path on this machine of a path in the container; the same path if it is on no mount. */
export function translatePath(path: string, mounts: readonly Mount[]): string {
  const mount = mounts
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
  return mount === undefined ? path : join(mount.hostPath, path.slice(mount.mountPath.length));
}

async function hostPath(
  volume: V1Volume,
  namespace: string,
  directory: string,
  reader: VolumeReader,
): Promise<string | undefined> {
  if (volume.hostPath !== undefined) return volume.hostPath.path;
  if (volume.persistentVolumeClaim !== undefined) {
    return claimPath(volume.persistentVolumeClaim.claimName, namespace, reader);
  }
  if (volume.emptyDir === undefined) return undefined;
  const path = join(directory, "volumes", volume.name);
  await mkdir(path, { recursive: true });
  return path;
}

async function claimPath(name: string, namespace: string, reader: VolumeReader): Promise<string> {
  const claim = await reader.claim(namespace, name);
  if (claim === undefined) throw notMounted(`persistentvolumeclaim "${name}" not found in namespace ${namespace}`);
  const volumeName = claim.spec?.volumeName;
  if (claim.status?.phase !== "Bound" || volumeName === undefined) {
    throw notMounted(`persistentvolumeclaim "${name}" is not bound to a volume (phase ${claim.status?.phase})`);
  }
  const volume = await reader.volume(volumeName);
  if (volume === undefined) throw notMounted(`persistentvolume "${volumeName}" of claim "${name}" not found`);
  const path = volume.spec?.hostPath?.path ?? volume.spec?.local?.path;
  if (path === undefined) {
    throw notMounted(
      `persistentvolume "${volumeName}" of claim "${name}" is neither hostPath nor local; the embedded environment supports no other type`,
    );
  }
  return path;
}

function notMounted(why: string): PodProblem {
  return new PodProblem("ContainerCreating", `${why}.`);
}
