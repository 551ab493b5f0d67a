import stylistic from "@stylistic/eslint-plugin";
import parser from "@typescript-eslint/parser";
import jsdoc from "eslint-plugin-jsdoc";

const field = 'TSPropertySignature:not([typeAnnotation.typeAnnotation.type="TSLiteralType"])';

/**
 * What Biome cannot check: every exported symbol and every exported field has a doc comment, and comments wrap at 120 columns.
 * A field that tells the members of a union apart (`kind: "canary"`) needs none: the member's own comment says what it is.
 */
export default [
  {
    files: [
      "{stacks,components,policies,engine,plan,preflight,rehearsal,embedded,cli}/**/*.ts",
      // CONTRIBUTING has them copied to where the rules hold.
      "test/components/**/toy/toy{Cloud,Strategy,System}.ts",
    ],
    languageOptions: { parser },
    linterOptions: { reportUnusedDisableDirectives: "off" },
    plugins: { jsdoc, stylistic },
    rules: {
      "jsdoc/require-jsdoc": [
        "error",
        {
          enableFixer: false,
          require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: true },
          checkConstructors: false,
          publicOnly: true,
          contexts: [
            "ExportNamedDeclaration > TSInterfaceDeclaration",
            "ExportNamedDeclaration > TSTypeAliasDeclaration",
            "ExportNamedDeclaration > VariableDeclaration",
            `ExportNamedDeclaration > TSInterfaceDeclaration ${field}`,
            `ExportNamedDeclaration > TSTypeAliasDeclaration ${field}`,
            "ExportNamedDeclaration > TSInterfaceDeclaration TSMethodSignature",
            'ExportNamedDeclaration > ClassDeclaration > ClassBody > PropertyDefinition[key.type="Identifier"]:not([accessibility="private"])',
          ],
        },
      ],
      "stylistic/max-len": ["error", { code: 100_000, comments: 120, ignoreUrls: true, ignoreTrailingComments: false }],
    },
  },
];
