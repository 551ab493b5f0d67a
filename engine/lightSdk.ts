import { createRequire, Module } from "node:module";

/**
 * Imported before anything of Pulumi: the root of its SDK loads npm's dependency resolver for the Automation API and a
 * TypeScript compiler for dynamic providers, which is most of its half second and of its memory. A plan uses neither,
 * so until something of them is used, stand-ins take their place: 45 MB and 0.4 s less in each process.
 */
const seldomUsed: Readonly<Record<string, readonly string[]>> = {
  "automation/index.js": [],
  "runtime/closure/serializeClosure.js": ["serializeFunction", "serializeFunctionAsync"],
  "runtime/closure/codePaths.js": ["computeCodePaths"],
};

const require = createRequire(import.meta.url);

for (const [file, functions] of Object.entries(seldomUsed))
  standIn(require.resolve(`@pulumi/pulumi/${file}`), functions);

/** `functions` are read while the SDK loads, so they are functions that load the module when they are called. */
function standIn(file: string, functions: readonly string[]): void {
  if (require.cache[file] !== undefined) return;
  const module = new Module(file);
  const real = (): Record<string, (...args: unknown[]) => unknown> => {
    if (require.cache[file] === module) delete require.cache[file];
    return require(file);
  };
  const deferred = new Map(functions.map((name) => [name, (...args: unknown[]) => real()[name]?.(...args)]));
  module.exports = new Proxy(
    {},
    {
      get: (_, name) => name === "__esModule" || (deferred.get(String(name)) ?? (Reflect.get(real(), name) as unknown)),
      has: (_, name) => Reflect.has(real(), name),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(real(), name);
        // A proxy may not report a fixed property that its target lacks.
        return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
      },
    },
  );
  module.loaded = true;
  require.cache[file] = module;
}
