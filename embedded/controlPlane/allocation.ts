import type { Ports } from "../machine/ports.ts";
import type { Tools } from "../toolchain/index.ts";
import type { Credentials } from "./credentials.ts";

/**
 * What an environment has of this machine: its folder, address, ports, tools and credentials. Every process builder
 * reads it.
 */
export interface Allocation {
  readonly environment: string;
  readonly dataDir: string;
  /** The address all servers listen on, 127.<n>.0.1. */
  readonly host: string;
  readonly ports: Ports;
  readonly tools: Tools;
  readonly credentials: Credentials;
}
