import type { Ports } from "../machine/ports.ts";
import type { Tools } from "../toolchain/index.ts";
import type { Credentials } from "./credentials.ts";

/**
 * The folder, address, ports, tools and credentials of one embedded environment. The functions that build its
 * processes and objects read them.
 */
export interface Allocation {
  /** The name of the environment. */
  readonly environment: string;
  /** The environment's data directory, an absolute path. */
  readonly dataDir: string;
  /** The address that all servers listen on, 127.<n>.0.1. */
  readonly host: string;
  /** The port of each server on `host`. */
  readonly ports: Ports;
  /** The paths of the programs. */
  readonly tools: Tools;
  /** The paths of keys, certificates, tokens and kubeconfigs. */
  readonly credentials: Credentials;
}
