import { defineCheck, few, passed, warning } from "../check.ts";
import type { LeaseFacts } from "../clusterFacts.ts";

/** Certificates and tokens are valid from the second they are made, so more than this refuses some. */
const toleratedSeconds = 5;

/**
 * The clocks of this machine and of each node agree with the server's. A node's is known by the lease of its kubelet.
 */
export const clock = defineCheck({
  name: "clock",
  title: "clocks",
  reads: ["leases"],
  atWorst: "warning",
  needed: () => `within ${toleratedSeconds} s of the API server's`,
  compare: ({ clock: clocks, leases }) => {
    if (clocks === undefined)
      return warning("the server does not tell its time", "Look at what stands between this machine and the server.");
    const server = Date.parse(clocks.server);
    const off = Math.round((Date.parse(clocks.here) - server) / 1_000);
    if (Math.abs(off) > toleratedSeconds) {
      return warning(
        `this machine is ${Math.abs(off)} s ${off > 0 ? "ahead" : "behind"}`,
        "Set this machine's clock by NTP: credentials made here may not be good there yet, or no longer.",
      );
    }
    const odd = leases.flatMap((lease) => oddity(lease, server));
    if (odd.length > 0)
      return warning(few(odd), "Set the nodes' clocks by NTP (chrony), and look at kubelets that have stopped.");
    return passed(`this machine's${leases.length === 0 ? "" : ` and those of ${leases.length} nodes`} agree`);
  },
});

/** A lease from the future shows a clock that is ahead. An expired one shows a clock behind, or a stopped kubelet. */
function oddity({ node, renewedAt, durationSeconds }: LeaseFacts, server: number): string[] {
  const age = (server - Date.parse(renewedAt)) / 1_000;
  if (age < -toleratedSeconds) return [`${node} is ${Math.round(-age)} s ahead`];
  if (age > durationSeconds + toleratedSeconds) return [`${node} last renewed its lease ${Math.round(age)} s ago`];
  return [];
}
