/**
 * The map of the house. Each room lists the rooms it may import from; an import of any other room is an error, type imports included.
 * `npm run lint` checks it. To draw it: `npx depcruise . --output-type archi | dot -T svg > rooms.svg` (needs Graphviz).
 */
const rooms = {
  /** Facts and helpers without a subject: problems, quantities, names, versions, chart pins. */
  "components/core": [],
  /** What the project is made of. */
  components: ["components/core"],
  /** What is declared: environments, models, layers, and how a stack is composed of components. */
  stacks: ["components", "components/core"],
  /** What is allowed. Runs in a process of its own, so it reads plain data alone. */
  policies: ["components/core"],
  /** How a program becomes resources: recorded, applied live, or deployed by Pulumi. */
  engine: ["components/core"],
  /** The environment on one machine: processes, control plane, mesh, node agent, traffic, faults, tools. */
  embedded: ["engine", "components", "components/core"],
  /** What would change, and what the policies say of it. */
  plan: ["engine", "policies", "stacks", "components", "components/core"],
  /** Whether a cluster can carry what is declared. */
  preflight: ["engine", "stacks", "components", "components/core"],
  /** Why something does not start, answer or decide: what is looked at, and the rules that read it. */
  diagnosis: ["engine", "components", "components/core"],
  /** Whether a release survives its faults; what a release looks like on a cluster. */
  rehearsal: ["diagnosis", "engine", "embedded", "stacks", "components", "components/core"],
  /** The command: verbs, and how things are printed. */
  cli: ["plan", "preflight", "rehearsal", "diagnosis", "engine", "embedded", "stacks", "components", "components/core"],
  /** What a project looks like that uses all this. */
  examples: ["stacks", "components", "components/core"],
};

/** A room's own files, less those of a room inside it. */
function filesOf(room) {
  const inside = Object.keys(rooms).filter((other) => other.startsWith(`${room}/`));
  return { path: `^${room}/`, ...(inside.length === 0 ? {} : { pathNot: inside.map((other) => `^${other}/`) }) };
}

function mayImport(room, others) {
  return {
    name: `${room} imports ${others.length === 0 ? "no other room" : `only ${others.join(", ")}`}`,
    severity: "error",
    from: filesOf(room),
    to: {
      path: "^(components|stacks|policies|engine|embedded|plan|preflight|rehearsal|diagnosis|cli|examples|test|docs)/",
      pathNot: [room, ...others].map((other) => `^${other}/`),
    },
  };
}

export default {
  forbidden: [
    ...Object.entries(rooms).map(([room, others]) => mayImport(room, others)),
    {
      name: "no circles",
      comment: "No two files import each other, by however many steps, types included.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no missing files",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "development dependencies stay in test/",
      severity: "error",
      from: { path: `^(${Object.keys(rooms).join("|")})/` },
      to: { dependencyTypes: ["npm-dev"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
    exclude: { path: "(^|/)node_modules/" },
  },
};
