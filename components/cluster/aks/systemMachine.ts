/** What the name of a machine of Azure says. */
export interface SystemMachine {
  /** Capital letters before the number: `D`, `DS`, `DC`. */
  readonly family: string;
  /**
   * vCPU, as quotas count them: 8 of `E8-4ds_v5`, which hides four. Undefined: the name is of the first kind
   * (`DS3_v2`), whose number is another.
   */
  readonly vcpu?: number;
  /** Small letters after the number: `d` a local disk, `s` premium storage, `p` Arm64. */
  readonly features: string;
  /** 1 where the name has none. */
  readonly version: number;
}

/**
 * Reads a `vmSize`. Undefined: it is not of Azure's form (MicrosoftDocs/azure-compute-docs
 * `articles/virtual-machines/vm-naming-conventions.md`).
 */
export function systemMachineOf(vmSize: string): SystemMachine | undefined {
  const [, family, number, features, digits = "1"] =
    /^Standard_([A-Z]+)(\d+)(?:-\d+)?([a-z]*)(?:_[A-Za-z0-9]+)??(?:_v(\d+))?$/.exec(vmSize) ?? [];
  if (family === undefined || number === undefined || features === undefined) return undefined;
  const version = Number(digits);
  const isOldName = /^DS?$/.test(family) && version < 3;
  return { family, features, version, ...(isOldName ? {} : { vcpu: Number(number) }) };
}
