import { defineCheck, failed, few, notApplicable, passed } from "../check.ts";

/** Volumes that are asked for can be made. */
export const storageClass = defineCheck({
  name: "storageClass",
  title: "storage class",
  reads: ["storageClasses"],
  judge: ({ storageClasses }, { storage }) => {
    if (storage.kind === "none") return notApplicable("nothing asks for a volume of a class");
    const names = storageClasses.map(({ name }) => name);
    const there = names.length === 0 ? "there is none" : `there are ${few(names)}`;
    if (storage.kind === "class") {
      const needed = `the class ${storage.name}`;
      if (names.includes(storage.name)) return passed(storage.name, needed);
      return failed(there, needed, "Declare one that exists in the site's storageClass, or create it.");
    }
    const needed = "a default class";
    const defaults = storageClasses.filter(({ isDefault }) => isDefault);
    if (defaults.length === 1) return passed(`${defaults[0]?.name} (${defaults[0]?.provisioner})`, needed);
    // The API server takes the newest of several (Kubernetes "Storage Classes"), which is nobody's choice.
    const found =
      defaults.length === 0
        ? `${there}, none is the default`
        : `${few(defaults.map(({ name }) => name))} are all the default`;
    return failed(
      found,
      needed,
      "Name one in the site's storageClass, or mark one: annotate storageclass.kubernetes.io/is-default-class=true.",
    );
  },
});
