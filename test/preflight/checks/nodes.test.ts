import { describe, expect, it } from "vitest";
import { facts, needs, nodesOf, pool, verdict } from "../cluster.ts";

const l4 = (changes = {}) => needs({ gpuPools: { l4: pool(changes) } });
const changed = (fixture: Parameters<typeof nodesOf>[0], labels: Record<string, string>) =>
  nodesOf(fixture).map((node) => ({ ...node, labels: { ...node.labels, ...labels } }));

describe("CPU and memory", () => {
  it("of a node that is too small are told with what it has", () => {
    const seen = facts({ nodes: nodesOf("too-small") });
    expect(verdict("cpu", seen, l4())).toEqual({
      status: "failed",
      found: "lab-1 has 4 vCPU",
      needed: "at least 8 vCPU on each GPU node",
      fix: "Take larger nodes.",
    });
    expect(verdict("memory", seen, l4())).toEqual({
      status: "failed",
      found: "lab-1 has 15.1 GiB",
      needed: "at least 32 GiB on each GPU node, 28.8 as reported",
      fix: "Take larger nodes.",
    });
  });

  it("may be a tenth less than nominal in memory, and nothing less in CPU", () => {
    const sized = (cpu: string, memory: string) =>
      facts({ nodes: nodesOf("gke").map((node) => ({ ...node, capacity: { ...node.capacity, cpu, memory } })) });
    const statuses = (cpu: string, memory: string) =>
      ["cpu", "memory"].map((check) => verdict(check, sized(cpu, memory), l4()).status);
    expect(statuses("8", "30198989Ki")).toEqual(["passed", "passed"]);
    expect(statuses("7990m", "30198988Ki")).toEqual(["failed", "failed"]);
  });

  it("are what the pool declares where that is more", () => {
    const claims = l4({ vcpu: 64, memoryGiB: 64 });
    expect(verdict("cpu", facts({ nodes: nodesOf("not-ready") }), claims)).toEqual({
      status: "failed",
      found: "lab-1 has 16 vCPU, and pool l4 declares 64, lab-2 has 16 vCPU, and pool l4 declares 64",
      needed: "at least 8 vCPU on each GPU node",
      fix: "Take larger nodes; for a node that is large enough for you, declare the pool as it is.",
    });
  });
});

describe("GPU pools", () => {
  it("lack nodes that nothing selects or that are not ready", () => {
    const needed = "l4: 2 L4 nodes";
    const fix =
      "Add the nodes, wait until they are ready, or declare the pool as it is. kubectl get nodes --show-labels shows what selects them.";
    expect(verdict("pools", facts({ nodes: nodesOf("not-ready") }), l4({ min: 2 }))).toEqual({
      status: "failed",
      found: "l4: 1 of 2 nodes (not ready: lab-2)",
      needed,
      fix,
    });
    expect(verdict("pools", facts({ nodes: nodesOf("cpu-only") }), l4({ min: 2 })).found).toBe("l4: 0 of 2 nodes");
  });

  it("lack no nodes that come with the first pods: the platform goes on (terraform-provider-google #8270)", () => {
    const found = verdict("pools", facts({ nodes: [] }), { ...l4({ min: 2 }), nodesComeByThemselves: true });
    expect(found).toMatchObject({ status: "warning", found: "l4: 0 of 2 nodes" });
  });

  it("pass with as many as there must be at least, none included", () => {
    expect(verdict("pools", facts({ nodes: nodesOf("eks") }), l4({ min: 2 }))).toEqual({
      status: "passed",
      found: "l4: 2 nodes",
      needed: "l4: 2 L4 nodes",
    });
    expect(verdict("pools", facts({ nodes: [] }), l4({ min: 0 })).status).toBe("passed");
  });

  it("are not of a GPU model that the nodes do not have", () => {
    const nodes = changed("k3s", { "serin.dev/gpu-class": "L4", "nvidia.com/gpu.product": "NVIDIA-A10" });
    expect(verdict("pools", facts({ nodes }), l4())).toEqual({
      status: "failed",
      found: "shop-17 has NVIDIA-A10, and pool l4 declares L4",
      needed: "l4: 1 L4 node",
      fix: "Declare the pool with the GPU it has, or select other nodes by its nodeSelector.",
    });
  });

  it("that feature discovery selects only warn before it has run", () => {
    const h100 = pool({
      gpu: "H100-80GB",
      min: 2,
      max: 2,
      nodeSelector: { "nvidia.com/gpu.product": "NVIDIA-H100-PCIe" },
    });
    expect(verdict("pools", facts({ nodes: nodesOf("rke2") }), needs({ gpuPools: { h100 } }))).toEqual({
      status: "warning",
      found: "2 nodes with an NVIDIA GPU, of a model that nothing tells yet",
      needed: "h100: 2 H100-80GB nodes",
      fix: "Nothing to do if the models are right: feature discovery labels the nodes once the GPU operator runs.",
    });
    const more = needs({ gpuPools: { h100: { ...h100, min: 3, max: 3 } } });
    expect(verdict("pools", facts({ nodes: nodesOf("rke2") }), more).found).toBe("h100: 2 of 3 nodes");
  });

  it("that both wait for discovery share its nodes, and each node is held to the least of any", () => {
    const of = (product: string, vcpu: number) =>
      pool({ vcpu, min: 1, max: 1, nodeSelector: { "nvidia.com/gpu.product": product } });
    const gpuPools = { l4: of("NVIDIA-L4", 512), a10: of("NVIDIA-A10", 512) };
    const seen = facts({ nodes: nodesOf("rke2") });
    expect(verdict("pools", seen, needs({ gpuPools })).status).toBe("warning");
    expect(verdict("cpu", seen, needs({ gpuPools })).status).toBe("passed");
    expect(verdict("taints", seen, needs({ gpuPools })).found).toContain("all 2 GPU nodes");
  });
});

describe("GPUs", () => {
  const needed = "at least 1 on each GPU node, and what its pool declares";

  it("are offered by the device plugin, or seen before it runs", () => {
    expect(verdict("gpu", facts({ nodes: nodesOf("eks") }), l4())).toEqual({
      status: "passed",
      found: "2 offered on 2 nodes",
      needed,
    });
    expect(verdict("gpu", facts({ nodes: nodesOf("mixed-os") }), l4())).toEqual({
      status: "passed",
      found: "seen on 2 nodes, and offered once the device plugin runs",
      needed,
    });
  });

  it("of another vendor are none", () => {
    expect(verdict("gpu", facts({ nodes: nodesOf("amd") }), l4())).toEqual({
      status: "failed",
      found: "lab-9 has amd.com/gpu, which is not NVIDIA's",
      needed,
      fix: "Models here run on NVIDIA GPUs: select other nodes by the pool's nodeSelector.",
    });
  });

  it("that nobody has seen can be told by a label", () => {
    const nodes = nodesOf("cpu-only").map((node) => ({ ...node, labels: { "serin.dev/gpu-class": "L4" } }));
    expect(verdict("gpu", facts({ nodes }), l4())).toEqual({
      status: "failed",
      found: "web-1 has none",
      needed,
      fix: "If there is one, run node feature discovery, or say so: kubectl label node web-1 feature.node.kubernetes.io/pci-10de.present=true",
    });
  });

  it("that a running device plugin does not offer are not there", () => {
    expect(verdict("gpu", facts({ nodes: nodesOf("no-driver") }), l4())).toEqual({
      status: "failed",
      found: "lab-1 has none",
      needed,
      fix: "Look at the driver and the device plugin there: kubectl describe node shows what it offers.",
    });
  });

  it("are as many as declared; shares are counted back to GPUs", () => {
    const shared = { gpusPerNode: 8, sharing: { kind: "timeSlicing", replicas: 4 } as const };
    const nodes = changed("rhel-shared", { "serin.dev/gpu-class": "L4" });
    expect(verdict("gpu", facts({ nodes }), l4(shared)).status).toBe("passed");
    expect(verdict("gpu", facts({ nodes: nodesOf("eks") }), l4({ gpusPerNode: 4 }))).toEqual({
      status: "failed",
      found:
        "ip-10-0-20-8.ec2.internal offers 1, and pool l4 declares 4, ip-10-0-36-91.ec2.internal offers 1, and pool l4 declares 4",
      needed,
      fix: "Look for failed GPUs with nvidia-smi on the node, or declare the pool as it is.",
    });
  });
});

describe("taints", () => {
  const needed = "nvidia.com/gpu=present:NoSchedule on each GPU node, and no other";

  it("of another value keep everything off, and a cordon is not one of them", () => {
    expect(verdict("taints", facts({ nodes: nodesOf("wrong-taint") }), l4())).toEqual({
      status: "failed",
      found: "lab-1: nvidia.com/gpu=true:NoSchedule",
      needed,
      fix: "Pods would never start there: kubectl taint node lab-1 nvidia.com/gpu:NoSchedule- and set nvidia.com/gpu=present:NoSchedule.",
    });
  });

  it("that the pool publishes are tolerated, and no others", () => {
    const t4 = (taints: ReturnType<typeof pool>["taints"]) =>
      needs({ gpuPools: { t4: pool({ gpu: "T4", nodeSelector: { "serin.dev/gpu-class": "T4" }, taints }) } });
    const spot = { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" } as const;
    const seen = facts({ nodes: nodesOf("aks") });
    expect(verdict("taints", seen, t4([...pool().taints, spot]))).toEqual({
      status: "passed",
      found: "nvidia.com/gpu=present:NoSchedule on the GPU node",
      needed,
    });
    expect(verdict("taints", seen, t4(pool().taints)).status).toBe("failed");
  });

  it("that are missing let anybody in", () => {
    const nodes = nodesOf("gke").map((node) => ({ ...node, name: "gpu-1", taints: [] }));
    expect(verdict("taints", facts({ nodes }), l4())).toEqual({
      status: "warning",
      found: "no taint on gpu-1",
      needed,
      fix: "Any pod may fill the node: kubectl taint node gpu-1 nvidia.com/gpu=present:NoSchedule",
    });
  });
});

describe("the container runtime", () => {
  it("is one that the operator's toolkit configures", () => {
    expect(verdict("runtime", facts({ nodes: nodesOf("old-containerd") }), l4())).toEqual({
      status: "failed",
      found: "lab-1: containerd://1.7.28",
      needed: "containerd 1.8 to 2.3, or CRI-O",
      fix: "Upgrade the container runtime of these nodes.",
    });
  });

  it("is any that Kubernetes takes where the image brings the toolkit", () => {
    expect(verdict("runtime", facts({ nodes: nodesOf("old-containerd") }), l4({ driver: { owner: "cloud" } }))).toEqual(
      {
        status: "passed",
        found: "containerd://1.7.28, containerd://2.1.5-k3s1",
        needed: "containerd or CRI-O",
      },
    );
  });

  it("is not Docker", () => {
    const nodes = nodesOf("gke").map((node) => ({
      ...node,
      nodeInfo: { ...node.nodeInfo, containerRuntimeVersion: "docker://27.3.1" },
    }));
    expect(verdict("runtime", facts({ nodes }), l4({ driver: { owner: "cloud" } })).status).toBe("failed");
  });
});

describe("the operating system", () => {
  const needed =
    "Linux, amd64; one release of Ubuntu 22.04 to 26.04, RHEL, Rocky Linux or SLES for the driver container";
  const system = (changes: Record<string, string>) =>
    facts({
      nodes: nodesOf("gke").map((node) => ({ ...node, name: "gpu-1", nodeInfo: { ...node.nodeInfo, ...changes } })),
    });

  it("is one release for one driver container", () => {
    expect(verdict("operatingSystem", facts({ nodes: nodesOf("mixed-os") }), l4())).toEqual({
      status: "failed",
      found: "Ubuntu 24.04, Ubuntu 22.04",
      needed,
      fix: 'One driver container serves one release: bring the nodes to one, or install the driver on the others and declare driver: { owner: "preinstalled" }.',
    });
    const cloud = l4({ driver: { owner: "cloud" } });
    expect(verdict("operatingSystem", facts({ nodes: nodesOf("mixed-os") }), cloud).status).toBe("passed");
  });

  it("has a driver container", () => {
    expect(verdict("operatingSystem", system({}), l4())).toEqual({
      status: "failed",
      found: "gpu-1: Container-Optimized OS from Google",
      needed,
      fix: 'The GPU operator has no driver container for it. Install the driver on the nodes and declare driver: { owner: "preinstalled" }.',
    });
  });

  it("is one that Triton's image runs on", () => {
    expect(verdict("operatingSystem", system({ architecture: "arm64" }), l4({ driver: { owner: "cloud" } }))).toEqual({
      status: "failed",
      found: "gpu-1: linux/arm64",
      needed: "Linux, amd64",
      fix: "Triton's image is for linux/amd64: take other nodes, or select around these by the pool's nodeSelector.",
    });
  });

  it("may have several kernels, each of which costs a build of the driver", () => {
    const [one, two] = nodesOf("old-containerd");
    if (one === undefined || two === undefined) throw new Error("two nodes are expected");
    const nodes = [one, { ...two, nodeInfo: { ...two.nodeInfo, kernelVersion: "6.8.0-90-generic" } }];
    expect(verdict("operatingSystem", facts({ nodes }), l4())).toEqual({
      status: "warning",
      found: "kernels 6.8.0-87-generic, 6.8.0-90-generic",
      needed,
      fix: "The driver is built for each kernel anew, which takes minutes at a node's start: bring the nodes to one kernel.",
    });
  });
});
