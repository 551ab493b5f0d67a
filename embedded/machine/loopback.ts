/**
 * The loopback addresses of one embedded environment: the block 127.<n>.0.0/16.
 *
 * Linux answers on all addresses of 127.0.0.0/8 without configuration. So each pod has a different address, and each
 * environment can use the programs' usual ports.
 */
export class Loopback {
  /** The second number of the block, 2 to 254. */
  readonly block: number;
  /** The address that the control plane, the mesh and the gateway listen on: 127.<n>.0.1. */
  readonly host: string;
  readonly #used = new Set<string>();
  #next = firstPod;

  /** @throws RangeError if `block` is not a whole number from 2 to 254 */
  constructor(block: number) {
    if (!Number.isInteger(block) || block < firstBlock || block > lastBlock) {
      throw new RangeError(`A loopback block is a whole number from ${firstBlock} to ${lastBlock}, not ${block}.`);
    }
    this.block = block;
    this.host = `127.${block}.0.1`;
  }

  /**
   * Takes a free pod address, from 127.<n>.1.1 on. A released address is reused last, so that late requests to the old
   * pod do not reach a new one.
   * @throws Error if all pod addresses are in use
   */
  allocate(): string {
    for (let tried = 0; tried < podCount; tried += 1) {
      const address = this.#address(this.#next);
      this.#next = firstPod + ((this.#next - firstPod + 1) % podCount);
      if (!this.#used.has(address)) {
        this.#used.add(address);
        return address;
      }
    }
    throw new Error(`All ${podCount} pod addresses of 127.${this.block}.0.0/16 are in use.`);
  }

  /**
   * Takes the address that a pod already has, for example after a restart. Returns false if another pod holds it or if
   * it is not a pod address of this block.
   */
  reserve(address: string): boolean {
    if (!this.owns(address) || this.#used.has(address)) return false;
    this.#used.add(address);
    return true;
  }

  /** Gives a pod address back. */
  release(address: string): void {
    this.#used.delete(address);
  }

  /** Whether an address is a pod address of this block. */
  owns(address: string): boolean {
    const match = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
    if (match === null || Number(match[1]) !== this.block) return false;
    const index = Number(match[2]) * 256 + Number(match[3]);
    return index >= firstPod && index < firstPod + podCount && Number(match[3]) <= 255;
  }

  #address(index: number): string {
    return `127.${this.block}.${Math.floor(index / 256)}.${index % 256}`;
  }
}

/** The lowest block. Other programs often listen in 127.0 and 127.1. */
export const firstBlock = 2;

/** The highest block. 127.255 contains the broadcast address. */
export const lastBlock = 254;

const firstPod = 256 + 1;
const podCount = 65_534 - firstPod + 1;
