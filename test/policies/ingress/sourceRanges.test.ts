import { expect, it } from "vitest";
import { opennessOf } from "../../../policies/ingress/sourceRanges.ts";

it.each([
  ["a company's block", ["203.0.113.0/24"]],
  ["the private blocks of a site", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"]],
  ["one machine", ["2001:db8::1/128", "198.51.100.7/32"]],
  ["the same block often", new Array<string>(64).fill("9.0.0.0/8")],
])("names somebody: %s", (_, ranges) => {
  expect(opennessOf(ranges)).toBeUndefined();
});

it.each([
  ["everyone", ["0.0.0.0/0"]],
  ["everyone by IPv6", ["2001:db8::/32", "::/0"]],
  ["the two halves of everyone", ["0.0.0.0/1", "128.0.0.0/1"]],
  ["the two halves of IPv6", ["::/1", "8000::/1"]],
  ["one of the halves", ["128.0.0.0/1"]],
  ["every public address of IPv6", ["2000::/3"]],
  ["the halves of these", ["2000::/4", "3000::/4"]],
  ["a hundred large blocks, of which none is everyone", Array.from({ length: 100 }, (_, n) => `${n + 1}.0.0.0/8`)],
  ["an address with the length of everyone", ["203.0.113.7/0"]],
  ["everyone in other spellings", ["000.0.0.0/00"]],
  ["everyone between spaces", [" 0.0.0.0/0 "]],
  ["every IPv4 address as IPv6", ["::ffff:0.0.0.0/96"]],
])("lets in a large part of the internet: %s", (_, ranges) => {
  expect(opennessOf(ranges)).toContain("a large part of the internet");
});

it.each(["everyone", "203.0.113.0", "203.0.113.0/33", "2001:db8::/129", ""])(
  "is no block of addresses: %o",
  (range) => {
    expect(opennessOf(["203.0.113.0/24", range])).toContain("is no block");
  },
);
