/** The path of a field that the types name, below a path. */
export function fieldPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** The path of a key that the owner chose. Names of models are written as fields. */
export function keyPath(path: string, key: string): string {
  return path === "models" && /^[\w-]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}
