import { writeFileSync } from "node:fs";
import { environmentSchemaFile, environmentSchemaText, planSchemaFile, planSchemaText } from "./environmentSchema.ts";

// `npm run schema`
writeFileSync(environmentSchemaFile, environmentSchemaText());
writeFileSync(planSchemaFile, planSchemaText());
