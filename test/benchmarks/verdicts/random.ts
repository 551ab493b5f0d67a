/** Seeded randomness for the simulations: the same numbers on every machine. */
export class Random {
  #state: [number, number, number, number];

  constructor(seed: number) {
    this.#state = [seed | 0, (seed ^ 0x9e3779b9) | 0, Math.imul(seed, 31) | 0, 1];
    for (let round = 0; round < 16; round++) this.uniform();
  }

  /** sfc32, from 0 to below 1. */
  uniform(): number {
    const [a, b, c, d] = this.#state;
    const sum = (((a + b) | 0) + d) | 0;
    this.#state = [b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (d + 1) | 0];
    return (sum >>> 0) / 4_294_967_296;
  }

  /** How many of independent events happen when `mean` are expected. */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count += 1;
    return count;
  }

  /** A size of at least 1 with this mean; each size is as much rarer than the one before. */
  geometric(mean: number): number {
    return mean <= 1 ? 1 : 1 + Math.floor(Math.log(1 - this.uniform()) / Math.log(1 - 1 / mean));
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** How many of `count` have a property that a share of them has. */
  binomial(count: number, share: number): number {
    if (count * share > 50) {
      const mean = count * share;
      const found = Math.round(mean + Math.sqrt(mean * (1 - share)) * this.normal());
      return Math.min(count, Math.max(0, found));
    }
    let found = 0;
    for (let one = 0; one < count; one++) if (this.uniform() < share) found += 1;
    return found;
  }
}
