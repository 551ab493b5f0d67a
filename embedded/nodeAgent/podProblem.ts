/** Why a pod cannot be started now. `kubectl describe pod` shows the reason and the message, as those of a kubelet. */
export class PodProblem extends Error {
  /** The kubelet's reason, for the waiting state of the container. */
  readonly reason: "ContainerCreating" | "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError";
  /** The kubelet's reason, for the event. */
  readonly event: "FailedMount" | "Failed";

  /** A `ContainerCreating` reason means that a volume cannot be mounted. */
  constructor(reason: PodProblem["reason"], message: string) {
    super(message);
    this.name = "PodProblem";
    this.reason = reason;
    this.event = reason === "ContainerCreating" ? "FailedMount" : "Failed";
  }
}
