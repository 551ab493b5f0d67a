/**
 * How long a request to an API server is repeated while the server is away or not ready, in ms: `known` for a server
 * that has answered before, because it may restart; `unknown` for one that never has.
 */
export const patience = { known: 30_000, unknown: 3_000 };
