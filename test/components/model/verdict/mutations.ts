import type { Expression } from "./promql.ts";

/** A query with one thing wrong in it. */
export interface Mutation {
  /** What is wrong, and where. */
  readonly what: string;
  /** The wrong query. */
  readonly query: Expression;
}

const otherOperator: Record<string, string> = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "^": "*",
  ">=": "<=",
  "<=": ">=",
  ">": "<",
  and: "unless",
  unless: "and",
  or: "and",
};

/** The query with each operator, sign, number, offset and moment wrong, one at a time. */
export function mutations(query: Expression): Mutation[] {
  const found: Mutation[] = [];
  visit(query, "", (changed) => changed, found);
  return found;
}

function visit(node: Expression, path: string, whole: (changed: Expression) => Expression, found: Mutation[]): void {
  const add = (what: string, changed: Expression) => found.push({ what: `${path}: ${what}`, query: whole(changed) });
  switch (node.kind) {
    case "number":
      add(`${node.value} is a tenth more`, { ...node, value: node.value === 0 ? 1 : node.value * 1.1 });
      if (node.value !== 0) add(`${node.value} has another sign`, { ...node, value: -node.value });
      return;
    case "selector":
      if (node.offset !== undefined) add("no offset", { ...node, offset: 0 });
      if (node.atEnd === true) add("not at the end", { ...node, atEnd: false });
      return;
    case "subquery":
      visit(node.of, `${path}/subquery`, (of) => whole({ ...node, of }), found);
      return;
    case "aggregate":
      visit(node.of, `${path}/${node.name}`, (of) => whole({ ...node, of }), found);
      return;
    case "call":
      for (const [index, argument] of node.of.entries()) {
        const put = (of: Expression) => whole({ ...node, of: node.of.map((one, at) => (at === index ? of : one)) });
        visit(argument, `${path}/${node.name}`, put, found);
      }
      return;
    case "binary": {
      const [left, right] = node.of;
      const other = otherOperator[node.operator];
      if (other !== undefined) add(`${node.operator} is ${other}`, { ...node, operator: other });
      // What is multiplied by 0 says only which series there are.
      if (node.operator === "*" && right.kind === "number" && right.value === 0) return;
      visit(left, `${path}/left of ${node.operator}`, (of) => whole({ ...node, of: [of, right] }), found);
      visit(right, `${path}/right of ${node.operator}`, (of) => whole({ ...node, of: [left, of] }), found);
      return;
    }
  }
}
