import * as pulumi from "@pulumi/pulumi";
import { program } from "../../../stacks/program.ts";
import { environments } from "./environments/index.ts";

export default async (): Promise<Record<string, unknown>> => program(pulumi.getStack(), environments);
