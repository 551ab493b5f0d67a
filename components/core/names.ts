import { createHash } from "node:crypto";
import type { Problem } from "./problem.ts";

/**
 * Plain names with a slash between them: a folder in a store or a directory, without anything a shell or a policy would
 * read more into.
 */
export const plainPath = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

/** Lower-case labels with dots between them, 253 characters in all: the name of most Kubernetes objects. */
const subdomain = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Whether a text can be the name of most Kubernetes objects (RFC 1123 subdomain). */
export function isObjectName(text: string): boolean {
  return subdomain.test(text);
}

/** Whether a text can be a label of a domain, or a Namespace's name: an RFC 1123 label, also one with a digit first. */
export function isDomainLabel(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

/** Whether a text has the form of a host name or an IPv4 address, in letters of either case. */
export function isHostName(text: string): boolean {
  return subdomain.test(text.toLowerCase()) && text.split(".").every((label) => label.length <= 63);
}

/** Whether a text is a port, 1 to 65535. */
export function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

const dnsLabelPattern = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/**
 * Problems of a name that becomes a Kubernetes Service: an RFC 1035 label, which is stricter than most other names.
 * `max` leaves room for what is appended to it (a Rollout's pods add a hash of 10 and a suffix of 5).
 */
export function dnsLabelProblems(path: string, value: string, max = 63): Problem[] {
  if (dnsLabelPattern.test(value) && value.length <= max) return [];
  const suggestion = dnsLabel(value, max);
  return [
    {
      path,
      reason: `"${value}" is not a DNS label of at most ${max} characters (a-z, 0-9 and "-", first a letter).`,
      ...(suggestion === "" ? {} : { fix: `Write "${suggestion}".` }),
    },
  ];
}

/**
 * The nearest DNS label: lower case, `-` for the rest, cut to `max` with a hash when too long so that two names stay
 * two.
 */
export function dnsLabel(value: string, max = 63): string {
  const label = value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "");
  if (label.length <= max) return label;
  const hash = createHash("sha256").update(value).digest("hex").slice(0, 8);
  return `${label.slice(0, max - hash.length - 1).replace(/-+$/, "")}-${hash}`;
}

/** The name where it is short enough, else its beginning and a hash, so that two long names stay two. */
export function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 12);
  return `${name.slice(0, most - hash.length - 1)}-${hash}`;
}

/** Digits of a SHA-256 in base 36, the last `length` of them: five bits and a little each. */
export function base36Hash(text: string, length: number): string {
  const digest = createHash("sha256").update(text).digest("hex");
  return BigInt(`0x${digest}`).toString(36).slice(-length);
}
