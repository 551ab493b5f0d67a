import { writeFileSync } from "node:fs";
import { environmentSchemaFile, environmentSchemaText } from "./environmentSchema.ts";

// `npm run schema`
writeFileSync(environmentSchemaFile, environmentSchemaText());
