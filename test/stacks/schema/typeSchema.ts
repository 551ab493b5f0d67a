import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { JsonSchema, SchemaDocument } from "../../../stacks/schema/jsonSchema.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The files whose types have a schema. They are read as one program, which takes seconds. */
const withSchema = ["stacks/environments/environment.ts", "plan/planDocument.ts"];
let program: ts.Program | undefined;

function typesOf(files: readonly string[]): ts.Program {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const names = files.map((file) => `${root}/${file}`);
  return ts.createProgram(names, options, withoutSdks(options));
}

/**
 * The JSON Schema of an exported type. It asks TypeScript's own checker, since the types of declarations are inferred
 * from the records of clouds, systems and strategies: generators that read syntax alone do not see those.
 */
export function typeSchema(file: string, name: string): SchemaDocument {
  program ??= typesOf(withSchema);
  const source = program.getSourceFile(`${root}/${file}`);
  if (source === undefined) throw new Error(`There is no file ${file}.`);
  const checker = program.getTypeChecker();
  const symbol = checker
    .getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol)
    .find((one) => one.name === name);
  if (symbol === undefined) throw new Error(`${file} exports no ${name}.`);
  return new SchemaWriter(checker).document(checker.getDeclaredTypeOfSymbol(symbol), name);
}

/**
 * The SDKs of the clouds have 50 MB of types, which take most of the time, and no declaration has a type of theirs: one
 * that had would end in an error below, since a type that is not found is `any`.
 */
function withoutSdks(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const cache = ts.createModuleResolutionCache(root, (name) => name, options);
  host.resolveModuleNameLiterals = (literals, from, _redirected, _options, source) =>
    literals.map((literal) => {
      if (/^@pulumi\/(aws|azure-native|gcp|kubernetes)\//.test(literal.text)) return { resolvedModule: undefined };
      const mode = ts.getModeForUsageLocation(source, literal, options);
      return ts.resolveModuleName(literal.text, from, options, host, cache, undefined, mode);
    });
  return host;
}

class SchemaWriter {
  readonly #checker: ts.TypeChecker;
  readonly #definitions = new Map<string, JsonSchema>();
  readonly #names = new Map<ts.Type, string>();

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  document(type: ts.Type, name: string): SchemaDocument {
    const schema = this.#schema(type);
    return {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: name,
      ...schema,
      $defs: Object.fromEntries([...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
    } as SchemaDocument;
  }

  /** A type with a name of the project's own becomes a definition, written once. */
  #schema(type: ts.Type): JsonSchema {
    const symbol = type.aliasSymbol ?? (type.flags & ts.TypeFlags.Object ? type.symbol : undefined);
    const isNamed = symbol !== undefined && /^[A-Z]/.test(symbol.name) && type.aliasTypeArguments === undefined;
    const isOurs =
      isNamed && (symbol.declarations ?? []).some((one) => !one.getSourceFile().fileName.includes("node_modules"));
    if (!isOurs || (type as ts.TypeReference).typeArguments?.length) return this.#inline(type);
    const known = this.#names.get(type);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    let name = symbol.name;
    for (let count = 2; this.#definitions.has(name); count += 1) name = `${symbol.name}${count}`;
    this.#names.set(type, name);
    this.#definitions.set(name, {});
    this.#definitions.set(name, { ...this.#described(symbol), ...this.#inline(type) });
    return { $ref: `#/$defs/${name}` };
  }

  #inline(type: ts.Type): JsonSchema {
    if (type.isUnion()) return this.#union(type);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (type.flags & ts.TypeFlags.BooleanLiteral) return { const: this.#checker.typeToString(type) === "true" };
    if (type.flags & ts.TypeFlags.TemplateLiteral)
      return { type: "string", pattern: pattern(type as ts.TemplateLiteralType) };
    if (type.flags & ts.TypeFlags.Unknown) return {};
    if (type.flags & ts.TypeFlags.String) return { type: "string" };
    if (type.flags & ts.TypeFlags.Number) return { type: "number" };
    if (type.flags & ts.TypeFlags.Boolean) return { type: "boolean" };
    if (this.#checker.isTupleType(type)) {
      const items = this.#checker.getTypeArguments(type as ts.TypeReference).map((item) => this.#schema(item));
      return { type: "array", prefixItems: items, items: false, minItems: items.length };
    }
    if (this.#checker.isArrayType(type)) {
      const [item] = this.#checker.getTypeArguments(type as ts.TypeReference);
      return { type: "array", items: this.#schema(item as ts.Type) };
    }
    if (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return this.#object(type);
    throw new Error(`No declaration can hold a ${this.#checker.typeToString(type)}.`);
  }

  #union({ types }: ts.UnionType): JsonSchema {
    const members = types.filter((member) => !(member.flags & ts.TypeFlags.Undefined));
    if (members.every((member) => member.flags & ts.TypeFlags.BooleanLiteral) && members.length === 2)
      return { type: "boolean" };
    const schemas = members.map((member) => this.#schema(member));
    const constants = schemas.filter((schema) => schema.const !== undefined).map((schema) => schema.const ?? "");
    const patterns = schemas.flatMap((schema) =>
      Object.keys(schema).join() === "type,pattern" ? [schema.pattern] : [],
    );
    const merged = [
      ...(constants.length > 1 ? [{ enum: constants }] : constants.length === 1 ? [{ const: constants[0] ?? "" }] : []),
      ...(patterns.length > 0
        ? [
            {
              type: "string" as const,
              pattern:
                patterns.length === 1
                  ? (patterns[0] ?? "")
                  : `^(?:${patterns.map((one) => one?.slice(1, -1)).join("|")})$`,
            },
          ]
        : []),
      ...schemas.filter((schema) => schema.const === undefined && Object.keys(schema).join() !== "type,pattern"),
    ];
    return merged.length === 1 ? (merged[0] as JsonSchema) : { anyOf: merged };
  }

  #object(type: ts.Type): JsonSchema {
    const index = this.#checker.getIndexInfoOfType(type, ts.IndexKind.String);
    const properties = this.#checker.getPropertiesOfType(type);
    const ofNever = (property: ts.Symbol) => this.#checker.getTypeOfSymbol(property).flags & ts.TypeFlags.Never;
    const fields = properties.filter((property) => !ofNever(property));
    const required = fields.filter(({ flags }) => !(flags & ts.SymbolFlags.Optional)).map(({ name }) => name);
    return {
      type: "object",
      ...(fields.length === 0
        ? {}
        : {
            properties: Object.fromEntries(
              fields.map((property) => [
                property.name,
                {
                  ...this.#described(property),
                  // Without `undefined` a union has its name back.
                  ...this.#schema(this.#withoutUndefined(this.#checker.getTypeOfSymbol(property))),
                },
              ]),
            ),
          }),
      ...(required.length === 0 ? {} : { required }),
      // `Record<string, never>` is an object without a field.
      additionalProperties:
        index === undefined || index.type.flags & ts.TypeFlags.Never ? false : this.#schema(index.type),
    };
  }

  /** `unknown` without `undefined` is no word of its own: it would be `{}`, an object without fields. */
  #withoutUndefined(type: ts.Type): ts.Type {
    return type.flags & ts.TypeFlags.Unknown ? type : this.#checker.getNonNullableType(type);
  }

  /** The doc comment, with the default in words. */
  #described(symbol: ts.Symbol): Pick<JsonSchema, "description"> {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker));
    const standard = symbol.getJsDocTags(this.#checker).find(({ name }) => name === "default");
    const description = [text, standard === undefined ? "" : `Default: ${ts.displayPartsToString(standard.text)}`]
      .filter((part) => part !== "")
      .join(" ")
      .replace(/\s+/g, " ");
    return description === "" ? {} : { description };
  }
}

/** The regular expression of a template literal type. */
function pattern({ texts, types }: ts.TemplateLiteralType): string {
  const parts = types.map((type) => (type.flags & ts.TypeFlags.Number ? "-?\\d+(?:\\.\\d+)?" : ".*"));
  const escaped = texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return `^${escaped.map((text, index) => `${text}${parts[index] ?? ""}`).join("")}$`;
}
