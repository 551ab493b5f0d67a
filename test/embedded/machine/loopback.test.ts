import { describe, expect, it } from "vitest";
import { Loopback } from "../../../embedded/machine/loopback.ts";

describe("Loopback", () => {
  it("gives pods other addresses than the servers of the block", () => {
    const loopback = new Loopback(7);
    expect(loopback.host).toBe("127.7.0.1");
    expect(loopback.owns(loopback.host)).toBe(false);
    expect(loopback.allocate()).toBe("127.7.1.1");
    expect(loopback.allocate()).toBe("127.7.1.2");
  });

  it("reuses a released address only after all others", () => {
    const loopback = new Loopback(7);
    const first = loopback.allocate();
    loopback.release(first);
    expect(loopback.allocate()).not.toBe(first);
  });

  it("never allocates a reserved address, nor one address twice, until none is left", () => {
    const loopback = new Loopback(9);
    expect(loopback.reserve("127.9.1.1")).toBe(true);
    expect(loopback.reserve("127.9.1.1")).toBe(false);
    const addresses = new Set<string>();
    for (;;) {
      try {
        addresses.add(loopback.allocate());
      } catch (error) {
        expect(String(error)).toContain("in use");
        break;
      }
    }
    expect(addresses.has("127.9.1.1")).toBe(false);
    expect(addresses.size).toBeGreaterThan(60_000);
    expect([...addresses].every((address) => loopback.owns(address))).toBe(true);
  });

  it.each(["127.8.1.1", "127.9.0.1", "127.9.1.300", "10.9.1.1", "127.9.1", "127.9.255.255"])(
    "does not own %s",
    (address) => {
      const loopback = new Loopback(9);
      expect(loopback.owns(address)).toBe(false);
      expect(loopback.reserve(address)).toBe(false);
    },
  );

  it.each([0, 1, 255, 2.5])("refuses %s as a block", (block) => {
    expect(() => new Loopback(block)).toThrow(RangeError);
  });
});
