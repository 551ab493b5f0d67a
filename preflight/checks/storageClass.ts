import { defineCheck, failed, few, passed } from "../check.ts";

/** The StorageClass that volumes are claimed of exists. */
export const storageClass = defineCheck({
  name: "storageClass",
  title: "storage class",
  reads: ["storageClasses"],
  unneeded: ({ storage }) => (storage.kind === "none" ? "nothing asks for a volume of a class" : undefined),
  needed: ({ storage }) => (storage.kind === "class" ? `the class ${storage.name}` : "a default class"),
  compare: ({ storageClasses }, { storage }) => {
    const names = storageClasses.map(({ name }) => name);
    const there =
      names.length === 0 ? "there is none" : names.length === 1 ? `there is ${names[0]}` : `there are ${few(names)}`;
    if (storage.kind === "class") {
      if (names.includes(storage.name)) return passed(storage.name);
      return failed(there, "Declare one that exists in the site's storageClass, or create it.");
    }
    const defaults = storageClasses.filter(({ isDefault }) => isDefault);
    if (defaults.length === 1) return passed(`${defaults[0]?.name} (${defaults[0]?.provisioner})`);
    // The API server takes the newest of several (Kubernetes "Storage Classes"), which may be the wrong one.
    const found =
      defaults.length === 0
        ? `${there}${names.length === 0 ? "" : ", and none is the default"}`
        : `${few(defaults.map(({ name }) => name))} are all the default`;
    return failed(
      found,
      "Name one in the site's storageClass, or mark one: annotate storageclass.kubernetes.io/is-default-class=true.",
    );
  },
});
