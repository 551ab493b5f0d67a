/** The part of `ws` that is used here. The package has no types of its own. */
declare module "ws" {
  import type { EventEmitter } from "node:events";
  import type { IncomingMessage } from "node:http";
  import type { Duplex } from "node:stream";

  /** A connection: emits `message` with a Buffer, `close` and `error`. */
  export class WebSocket extends EventEmitter {
    /** Connects. `options` are those of `https.request`. */
    constructor(url: string, protocols: readonly string[], options: object);
    /** The subprotocol that the server chose; empty without one. */
    readonly protocol: string;
    /** The bytes that wait to be sent. */
    readonly bufferedAmount: number;
    /** Sends a message: a Buffer as a binary one. */
    send(data: Buffer, done?: (error?: Error) => void): void;
    /** Begins the closing handshake. */
    close(code?: number, reason?: string): void;
    /** Ends the connection at once. */
    terminate(): void;
  }

  /** A server without a socket of its own. */
  export class WebSocketServer {
    /** `handleProtocols` chooses a subprotocol; `false`: none. */
    constructor(options: {
      readonly noServer: true;
      readonly maxPayload?: number;
      readonly handleProtocols?: (offered: Set<string>) => string | false;
    });
    /** Answers a request for an upgrade. */
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      upgraded: (connection: WebSocket) => void,
    ): void;
  }
}
