import type { RuleBook } from "../ruleBook.ts";
import type { GkeDeclaration } from "./gkeArgs.ts";

/** The services that the GKE component calls. */
const services = [
  "binaryauthorization.googleapis.com",
  "cloudkms.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "compute.googleapis.com",
  "container.googleapis.com",
  "iam.googleapis.com",
  "logging.googleapis.com",
  "storage.googleapis.com",
];

/** What Google Cloud refuses, keeps, or needs beforehand. */
export const gcpRuleBook = {
  services: {
    kind: "needs",
    says: `The project has these services enabled: ${services.join(", ")}.`,
    source: "terraform-google-modules/terraform-google-project-factory #717, for cloudresourcemanager",
    command: () => `gcloud services enable ${services.join(" ")} --project <project>`,
  },
  "storage-service-agent": {
    kind: "needs",
    says: "The project has its storage service agent. It is made at the first use, and must be there before it is granted the key of a bucket.",
    source: 'Cloud Storage documentation, "Use customer-managed encryption keys"',
    command: () => "gcloud storage service-agent --project <project>",
  },
} as const satisfies RuleBook<GkeDeclaration>;
