// The engine starts a pack through ts-node, which compiles every `.ts` it is asked to `require` with TypeScript 3.8.
// Imported from here, `index.ts` is loaded by Node itself.
import "./index.ts";
