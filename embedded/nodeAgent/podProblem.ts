/** Why a pod cannot be started now, as `kubectl describe pod` shows it: the reason is a word of the kubelet's. */
export class PodProblem extends Error {
  readonly reason: "ContainerCreating" | "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError";
  /** The reason of the event that goes with it. */
  readonly event: "FailedMount" | "Failed";

  constructor(reason: PodProblem["reason"], message: string) {
    super(message);
    this.name = "PodProblem";
    this.reason = reason;
    this.event = reason === "ContainerCreating" ? "FailedMount" : "Failed";
  }
}
