import type { TrafficArgs } from "./traffic.ts";

/** The headers of request number `n`, counted from 0, that tell its caller: of the chosen part, and the user. */
export function callerHeaders(
  { chosen, users }: Pick<TrafficArgs, "chosen" | "users">,
  n: number,
  random: () => number,
): Readonly<Record<string, string>> {
  const isChosen = chosen !== undefined && Math.floor((n + 1) * chosen.share) > Math.floor(n * chosen.share);
  const user = users === undefined ? undefined : `user-${Math.floor(random() * users.count)}`;
  return {
    ...(isChosen ? chosen.headers : {}),
    ...(users === undefined || user === undefined
      ? {}
      : "header" in users
        ? { [users.header]: user }
        : { cookie: `${users.cookie}=${user}` }),
  };
}
