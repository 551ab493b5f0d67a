import * as pulumi from "@pulumi/pulumi";
import { environments } from "./environments/index.ts";
import { program } from "./program.ts";

/** What `pulumi up` runs. A default export, and only that: its result becomes the outputs of the stack. */
export default async (): Promise<Record<string, unknown>> => program(pulumi.getStack(), environments);
