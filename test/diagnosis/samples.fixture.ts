import type { Evidence, RequestEvidence } from "../../diagnosis/evidence.ts";
import {
  ago,
  at,
  broken,
  event,
  failing,
  healthy,
  notMade,
  recorded,
  releasing,
  rollout,
  serving,
  sidecar,
  triton,
  withEvent,
} from "./evidence.fixture.ts";

/** A fault as programs tell of it, and what is to be said of it. */
export interface Sample {
  /** The rule that finds it first. */
  readonly rule: string;
  /** What it says. */
  readonly cause: string;
  /** What was looked at. */
  readonly evidence: Evidence;
  /** Whether waiting changes nothing. @default false */
  readonly final?: boolean;
}

const image = "nvcr.io/nvidia/tritonserver:26.07-py3";
const pulling = { waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` } };
const gpu: Partial<Evidence> = { model: { ...healthy.model, gpus: 1 } };
const request = (got: Partial<RequestEvidence>): Evidence => {
  const { status: _, body: __, ...sent } = healthy.request as RequestEvidence;
  return { ...healthy, request: { ...sent, ...got } };
};
const errorOf = (code: string, message: string) => request({ error: { code, message } });
const scheduling = (message: string): Evidence =>
  withEvent("FailedScheduling", message, {}, { unscheduled: message, containers: [] });

/** Sentences of the kubelet and containerd, from the threads that are named. */
const images: Sample[] = [
  {
    // kubernetes/kubernetes `pkg/kubelet/images/image_manager.go`; containerd `core/remotes/docker/resolver.go`.
    rule: "image-not-found",
    cause: `The registry has no image ${image}.`,
    evidence: withEvent(
      "Failed",
      `Failed to pull image "${image}": rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`,
      pulling,
    ),
    final: true,
  },
  {
    // NVIDIA/nim-deploy#42
    rule: "image-credentials",
    cause: `The registry does not give this node the image nvcr.io/nim/meta/llama3-8b-instruct:1.0.0.`,
    evidence: withEvent(
      "Failed",
      'Failed to pull image "nvcr.io/nim/meta/llama3-8b-instruct:1.0.0": failed to pull and unpack image "nvcr.io/nim/meta/llama3-8b-instruct:1.0.0": failed to copy: httpReadSeeker: failed open: server message: insufficient_scope: authorization failed',
      pulling,
    ),
    final: true,
  },
  {
    // Mellanox/network-operator#1052
    rule: "image-credentials",
    cause: `The registry does not give this node the image ${image}.`,
    evidence: broken(
      {
        waiting: {
          reason: "ErrImagePull",
          message: `failed to pull image "${image}": failed to pull and unpack image "${image}": failed to resolve reference "${image}": unexpected status from HEAD request to https://nvcr.io/v2/nvidia/tritonserver/manifests/26.07-py3: 401 Unauthorized`,
        },
      },
      {},
      { phase: "Pending" },
    ),
    final: true,
  },
  {
    // https://docs.docker.com/docker-hub/usage/pulls/
    rule: "image-rate-limit",
    cause: "The registry limits pulls, and has refused docker.io/rclone/rclone:1.75 for now.",
    evidence: withEvent(
      "Failed",
      'Failed to pull image "docker.io/rclone/rclone:1.75": failed to pull and unpack image "docker.io/rclone/rclone:1.75": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/rclone/rclone/manifests/sha256:4540: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
      pulling,
    ),
  },
  {
    rule: "registry-name",
    cause: "The node cannot resolve the registry's name nvcr.oi.",
    evidence: withEvent(
      "Failed",
      'Failed to pull image "nvcr.oi/nvidia/tritonserver": failed to pull and unpack image "nvcr.oi/nvidia/tritonserver:latest": failed to resolve reference "nvcr.oi/nvidia/tritonserver:latest": failed to do request: Head "https://nvcr.oi/v2/nvidia/tritonserver/manifests/latest": dial tcp: lookup nvcr.oi on 10.0.0.2:53: no such host',
      pulling,
    ),
  },
  {
    rule: "registry-unreachable",
    cause: `The node does not reach the registry of ${image}: dial tcp 23.45.67.89:443: i/o timeout.`,
    evidence: withEvent(
      "Failed",
      `Failed to pull image "${image}": failed to resolve reference "${image}": failed to do request: Head "https://nvcr.io/v2/nvidia/tritonserver/manifests/26.07-py3": dial tcp 23.45.67.89:443: i/o timeout`,
      pulling,
    ),
  },
  {
    rule: "image-architecture",
    cause: "The image has nothing for the architecture of the node.",
    evidence: withEvent(
      "Failed",
      `Failed to pull image "${image}": failed to pull and unpack image "${image}": no match for platform in manifest: not found`.replace(
        ": not found",
        "",
      ),
      pulling,
    ),
    final: true,
  },
];

/** kube-scheduler's sentences; NVIDIA/k8s-device-plugin#430, #421; jupyterhub/zero-to-jupyterhub-k8s#3263. */
const placing: Sample[] = [
  {
    rule: "no-gpu",
    cause: "No node has 1 GPU left (nvidia.com/gpu); all nodes together have 8, in use or not.",
    evidence: {
      ...scheduling(
        "0/4 nodes are available: 1 Insufficient nvidia.com/gpu, 3 node(s) had untolerated taint {serving: only}. preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.",
      ),
      ...gpu,
    },
  },
  {
    rule: "cloud-capacity",
    cause: "The autoscaler gets no further machine: max node group size reached.",
    evidence: withEvent(
      "NotTriggerScaleUp",
      "pod didn't trigger scale-up: 1 max node group size reached, 2 Insufficient cpu",
      {},
      { containers: [] },
    ),
  },
  {
    rule: "untolerated-taint",
    cause: "Every node that would fit has the taint {team: search}, which the pod does not tolerate.",
    evidence: scheduling(
      "0/1 nodes are available: 1 node(s) had untolerated taint {team: search}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    ),
  },
  {
    rule: "no-room",
    cause: "No node has memory left for a pod of 2GiB.",
    evidence: scheduling(
      "0/2 nodes are available: 2 Insufficient memory. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
    ),
  },
  {
    rule: "no-fitting-node",
    cause: "No node has the labels of the pool that the pod asks for.",
    evidence: scheduling(
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    ),
  },
  {
    // Recorded from the scheduler of the embedded environment, Kubernetes 1.35.
    rule: "no-gpu",
    cause: "No node has 1 GPU left (nvidia.com/gpu).",
    evidence: (({ nodes: _none, ...rest }) => ({ ...rest, ...gpu }))(
      scheduling(
        "0/2 nodes are available: 2 Insufficient nvidia.com/gpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
      ),
    ),
  },
  {
    // The same.
    rule: "untolerated-taint",
    cause:
      "Every node that would fit has a taint that the pod does not tolerate; the nodes have nvidia.com/gpu=present:NoSchedule.",
    evidence: scheduling("0/2 nodes are available: 2 node(s) had untolerated taint(s). no new claims to deallocate"),
  },
  {
    rule: "no-fitting-node",
    cause: "No node without a taint has the labels of the pool that the pod asks for.",
    evidence: scheduling(
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    ),
  },
  {
    rule: "volume-zone",
    cause: "The volume with the model is in a zone, or on a node, that no fitting node is in.",
    evidence: scheduling(
      "0/3 nodes are available: 3 node(s) had volume node affinity conflict. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    ),
  },
  {
    rule: "node-not-ready",
    cause: "Node gpu-1 is not ready.",
    evidence: {
      ...healthy,
      nodes: [
        {
          name: "gpu-1",
          ready: false,
          cordoned: false,
          pressures: [],
          taints: [],
          gpus: 8,
          message: "Kubelet stopped posting node status.",
        },
      ],
    },
  },
  {
    // kubernetes `staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go`
    rule: "quota",
    cause:
      'ResourceQuota "gpus" forbids the pod: it asks for requests.nvidia.com/gpu=1, requests.nvidia.com/gpu=4 is used, and the limit is requests.nvidia.com/gpu=4.',
    evidence: notMade(
      'Error creating: pods "fraud-7c9b-" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=4, limited: requests.nvidia.com/gpu=4',
    ),
  },
  {
    // istio/istio#43882, #45049
    rule: "webhook-refuses",
    cause: "No pod can be made: webhook namespace.sidecar-injector.istio.io does not answer (connection refused).",
    evidence: notMade(
      'Error creating: Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": dial tcp 10.96.8.1:443: connect: connection refused',
    ),
  },
  {
    rule: "pod-security",
    cause:
      'Pod Security "restricted:latest" forbids the pod: allowPrivilegeEscalation != false (container "istio-init" must set securityContext.allowPrivilegeEscalation=false)',
    evidence: notMade(
      'Error creating: pods "fraud-7c9b-abcde" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "istio-init" must set securityContext.allowPrivilegeEscalation=false)',
    ),
    final: true,
  },
  {
    rule: "no-service-account",
    cause: 'ServiceAccount "fraud" does not exist, so no pod can be made.',
    evidence: notMade(
      'Error creating: pods "fraud-7c9b-" is forbidden: error looking up service account models/fraud: serviceaccount "fraud" not found',
    ),
  },
];

const check = { ...triton, name: "artifact-check", init: true, ready: false, started: false };
const { runningSince: _, ...endedCheck } = check;

const volumes: Sample[] = [
  {
    rule: "claim-missing",
    cause: 'There is no PersistentVolumeClaim "model-store" in namespace "models".',
    evidence: scheduling(
      '0/3 nodes are available: persistentvolumeclaim "model-store" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    ),
    final: true,
  },
  {
    rule: "claim-unbound",
    cause: "The claim has no volume yet.",
    evidence: scheduling(
      "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    ),
  },
  {
    rule: "secret-missing",
    cause: 'The secret "fraud-model-store" does not exist.',
    evidence: withEvent(
      "FailedMount",
      'MountVolume.SetUp failed for volume "model-store" : secret "fraud-model-store" not found',
    ),
    final: true,
  },
  {
    rule: "mount-failed",
    cause:
      'A volume cannot be mounted: Multi-Attach error for volume "pvc-0b1c" Volume is already exclusively attached to one node and can\'t be attached to another',
    evidence: withEvent(
      "FailedAttachVolume",
      'Multi-Attach error for volume "pvc-0b1c" Volume is already exclusively attached to one node and can\'t be attached to another',
    ),
  },
  {
    // components/model/artifact.ts
    rule: "files-differ",
    cause: "Version 2: declared is digest sha256:1, and the files in /models/fraud/2 have sha256:2.",
    evidence: broken(
      {},
      {},
      {
        containers: [
          sidecar,
          {
            ...endedCheck,
            restarts: 1,
            waiting: { reason: "CrashLoopBackOff", message: "" },
            ended: {
              exitCode: 65,
              reason: "Error",
              message: "refused: declared is digest sha256:1, and the files in /models/fraud/2 have sha256:2.\n",
            },
          },
        ],
      },
    ),
    final: true,
  },
  {
    // rclone 1.75, `fs/log`, a folder without rights
    rule: "files-not-downloaded",
    cause:
      "Version 2 was not downloaded: 2026/11/28 08:09:50 CRITICAL: Failed to create file system: didn't find section in config file",
    evidence: broken(
      {},
      {},
      {
        containers: [
          sidecar,
          {
            ...endedCheck,
            name: "artifact-download",
            ended: {
              exitCode: 1,
              reason: "Error",
              message: "2026/11/28 08:09:50 CRITICAL: Failed to create file system: didn't find section in config file",
            },
          },
        ],
      },
    ),
  },
  {
    rule: "repository-missing",
    cause: "The Triton repository /models does not exist in the model store.",
    evidence: broken(recorded("no-repository")),
    final: true,
  },
  {
    // embedded/nodeAgent/podPlan.ts
    rule: "repository-missing",
    cause: "The Triton repository /models/fraud/2 does not exist in the model store.",
    evidence: withEvent(
      "Failed",
      "model repository /models/fraud/2 does not exist (/home/me/models/fraud/2). Its parent folder contains: 1.",
    ),
    final: true,
  },
];

const stores: Sample[] = [
  {
    rule: "store-keys",
    cause: "The store does not accept the pod's credentials: InvalidAccessKeyId.",
    evidence: broken({
      log: [
        "error: creating server: Internal - Could not get MetaData for bucket with name models due to exception: InvalidAccessKeyId, error message: The AWS Access Key Id you provided does not exist in our records.",
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
  },
  {
    rule: "store-identity",
    cause: "The identity of the model's ServiceAccount may not read the store: HTTP response code: 403.",
    evidence: broken({
      log: [
        "error: creating server: Internal - Could not get MetaData for bucket with name models due to exception: , error message: HTTP response code: 403",
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
  },
  {
    rule: "store-region",
    cause: "The bucket is in another region than declared: the region 'us-east-1' is wrong; expecting 'eu-central-1'.",
    evidence: broken({
      log: [
        "error: creating server: Internal - Could not get MetaData for bucket with name models due to exception: AuthorizationHeaderMalformed, error message: The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'".replace(
          "AuthorizationHeaderMalformed, ",
          "",
        ),
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
    final: true,
  },
  {
    // triton-inference-server/server#4454
    rule: "store-bucket",
    cause: "Bucket some_bucket_name does not exist, or the pod may not see it, or it is in another region.",
    evidence: broken({
      log: [
        "error: creating server: Internal - Could not get MetaData for bucket with name some_bucket_name due to exception: , error message: No response body.",
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
  },
  {
    // triton-inference-server/server#3371
    rule: "store-prefix",
    cause: "The store has nothing at s3://models/fraud/2/fraud/config.pbtxt.",
    evidence: broken({
      log: [
        "E0915 09:38:17.347617 43 model_repository_manager.cc:1919] Poll failed for model directory '1': Could not get MetaData for object at s3://models/fraud/2/fraud/config.pbtxt due to exception: , error message: No response body.",
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
    final: true,
  },
  {
    // triton-inference-server/server#4689
    rule: "store-unreachable",
    cause: "The pod does not reach the store: Timeout was reached",
    evidence: broken({
      log: [
        "error: creating server: Internal - Could not get MetaData for object at s3 due to exception: , error message: curlCode: 28, Timeout was reached".replace(
          "Could not get MetaData for object at s3 due to exception: , error message: ",
          "",
        ),
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
  },
];

const gpus: Sample[] = [
  {
    // nodefluxio/vortex#106, MauriceNino/dashdot#1226
    rule: "driver-too-old",
    cause: "The driver of the node is too old for the image, which needs cuda>=12.8.",
    evidence: {
      ...withEvent(
        "Failed",
        "Error: failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running hook #0: exit status 1, stdout: , stderr: nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container: unknown",
      ),
      ...gpu,
    },
    final: true,
  },
  {
    // NVIDIA/nvidia-docker#1393
    rule: "driver-missing",
    cause: "The node's GPU cannot be used: nvml error: driver not loaded.",
    evidence: {
      ...withEvent(
        "Failed",
        "Error: failed to create containerd task: OCI runtime create failed: nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
      ),
      ...gpu,
    },
  },
  {
    rule: "gpu-instance-on-cpu",
    cause: 'config.pbtxt of "fraud" asks for instances on a GPU, and the pod has none.',
    evidence: broken(recorded("gpu-on-cpu")),
    final: true,
  },
  {
    rule: "gpu-memory",
    cause: "The model does not fit into the memory of its GPU: CUDA out of memory.",
    evidence: {
      ...broken({
        log: [
          "E0101 00:00:00.000000 1 model_lifecycle.cc:642] \"failed to load 'fraud' version 1: Internal: OutOfMemory: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 22.06 GiB total capacity)\"",
        ],
        restarts: 1,
        ended: { exitCode: 1, reason: "Error", message: "" },
      }),
      ...gpu,
    },
  },
  {
    rule: "plan-of-another-gpu",
    cause: "The TensorRT plan was made for another GPU, or by another version of TensorRT, than runs here.",
    evidence: {
      ...broken({
        log: [
          'E0101 00:00:00.000000 1 logging.cc:40] "IRuntime::deserializeCudaEngine: Error Code 6: API Usage Error (The engine plan file is not compatible with this version of TensorRT, expecting library version 10.3.0.26 got 10.0.1.6, please rebuild.)"',
        ],
        restarts: 1,
        ended: { exitCode: 1, reason: "Error", message: "" },
      }),
      ...gpu,
    },
    final: true,
  },
];

/** Recorded with Triton 2.51.0. */
const models: Sample[] = (
  [
    [
      "config-unreadable",
      "config-type",
      'config.pbtxt, line 5, column 39: Unknown enumeration value of "TYPE_FLOAT32" for field "data_type".',
    ],
    [
      "config-unreadable",
      "config-field",
      'config.pbtxt, line 3, column 14: Message type "inference.ModelConfig" has no field named "max_batchsize".',
    ],
    ["config-unreadable", "config-text", "config.pbtxt, line 5, column 3: Expected identifier, got: {"],
    ["python-syntax", "python-syntax", "model.py does not compile: SyntaxError: expected ':' (model.py, line 13)."],
    ["python-module", "python-module", 'model.py imports "pandas_not_here", which is not installed beside Triton.'],
    ["python-class", "python-class", 'model.py has no class "TritonPythonModel".'],
    [
      "python-initialize",
      "python-initialize",
      "fraud/1/model.py, line 14, in initialize: FileNotFoundError: [Errno 2] No such file or directory: 'weights.npy'.",
    ],
    ["no-version-folder", "no-version-folder", 'The folder of model "fraud" has no folder whose name is a number.'],
    ["backend-missing", "backend", 'Triton has no backend "pyton" in this image.'],
    ["model-name", "name", 'config.pbtxt names the model "other", and its folder is "fraud".'],
    [
      "config-refused",
      "dimension",
      "Triton refuses the configuration: model output 'score' dimension must be integer >= 1, or -1 to indicate a variable-size dimension for fraud.",
    ],
    [
      "config-refused",
      "no-dims",
      "Triton refuses the configuration: model output 'score' must specify 'dims' for fraud.",
    ],
    [
      "config-refused",
      "warmup-shape",
      "Triton refuses the configuration: unexpected shape for input 'x' for model 'fraud'. Expected [-1,-1], got [1,8,2].",
    ],
    [
      "config-refused",
      "warmup-type",
      "Triton refuses the configuration: inference input 'x' data-type is 'INT64', but model 'fraud' expects 'FP32'.",
    ],
    [
      "config-refused",
      "warmup-input",
      "Triton refuses the configuration: expected 1 inputs but got 0 inputs for model 'fraud'. Got input(s) [], but missing required input(s) ['x']. Please provide all required input(s).",
    ],
  ] as const
).map(([rule, log, cause]) => ({ rule, cause, evidence: broken(recorded(log)), final: true }));

const loading: Sample[] = [
  {
    rule: "model-file-missing",
    cause: "The model's file fraud/1/model.py does not exist.",
    evidence: broken({ log: recorded("no-model-file").log ?? [], runningSince: ago(3) }),
    final: true,
  },
  {
    rule: "stub-died",
    cause:
      "The Python process of the model ended while it initialized (fraud_0): a native library crashed, or it was killed.",
    evidence: broken(recorded("stub-died")),
  },
  {
    rule: "nothing-loaded",
    cause: "Triton ended: Internal - failed to load all models.",
    evidence: broken({
      log: ["error: creating server: Internal - failed to load all models"],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
  },
  {
    rule: "out-of-memory",
    cause: "Container triton took more than its 2GiB and was killed.",
    evidence: broken({ restarts: 2, ended: { exitCode: 137, reason: "OOMKilled", message: "" } }),
    final: true,
  },
  {
    // triton-inference-server/server#6195
    rule: "shared-memory",
    cause: "The shared memory of 256MiB is too small for another 67108864 bytes.",
    evidence: broken({
      log: [
        "E0816 01:02:03.000000 1 model_lifecycle.cc:621] failed to load 'fraud' version 1: Internal: Unable to initialize shared memory key 'triton_python_backend_shm_region_3' to requested size (67108864 bytes). If you are running Triton inside docker, use '--shm-size' flag to control the shared memory region size. Each Python backend model instance requires at least 64MBs of shared memory. Error: No space left on device",
      ],
      restarts: 1,
      ended: { exitCode: 1, reason: "Error", message: "" },
    }),
    final: true,
  },
  {
    // kubernetes `pkg/kubelet/eviction/helpers.go`
    rule: "disk-full",
    cause: "A disk of node gpu-1 is full: low on resource: ephemeral-storage.",
    evidence: broken(
      {},
      {},
      {
        phase: "Failed",
        reason: "Evicted",
        message: "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi.",
        containers: [],
      },
    ),
  },
  {
    rule: "evicted",
    cause:
      "Node gpu-1 gave the pod up: The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi.",
    evidence: broken(
      {},
      {},
      {
        phase: "Failed",
        reason: "Evicted",
        message: "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi.",
        containers: [],
      },
    ),
  },
  {
    // kubernetes `pkg/kubelet/prober/prober.go`
    rule: "start-too-slow",
    cause: "Triton was not ready within 5m and was started anew, 2 times.",
    evidence: withEvent(
      "Unhealthy",
      'Startup probe failed: Get "http://10.0.3.7:15020/app-health/triton/startupz": context deadline exceeded',
      { restarts: 2, runningSince: ago(20), ended: { exitCode: 137, reason: "Error", message: "" } },
      { phase: "Running" },
    ),
    final: true,
  },
  {
    rule: "not-alive",
    cause: "Triton stopped answering and was started anew.",
    evidence: withEvent(
      "Unhealthy",
      "Liveness probe failed: HTTP probe failed with statuscode: 500",
      { restarts: 1, ended: { exitCode: 143, reason: "Error", message: "" } },
      { phase: "Running" },
    ),
  },
  {
    rule: "crashed",
    cause: "Container triton crashed with SIGSEGV.",
    evidence: broken({ ...recorded("segfault"), restarts: 2, ended: { exitCode: 139, reason: "Error", message: "" } }),
    final: true,
  },
  {
    rule: "loading",
    cause: "Triton of fraud-7c9b-vwxyz is loading its model for 40 s; 5m are allowed.",
    evidence: broken({ runningSince: ago(40), log: recorded("slow").log ?? [] }),
  },
];

const routes: Sample[] = [
  {
    // istio `security/pkg/nodeagent/cache/secretcache.go`
    rule: "sidecar-not-ready",
    cause: "The sidecar gets no configuration or certificate from istiod.",
    evidence: broken(
      {},
      {},
      {
        containers: [
          {
            ...sidecar,
            ready: false,
            log: [
              '2026-11-28T08:09:00.000000Z\twarn\tsds\tfailed to warm certificate: failed to generate workload certificate: create certificate: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp: lookup istiod.istio-system.svc on 10.96.0.10:53: no such host"; failed to sign CSR',
            ],
          },
          triton,
        ],
      },
    ),
  },
  {
    rule: "sidecar-missing",
    cause: "1 of 1 pods have no sidecar.",
    evidence: { ...healthy, pods: [{ ...serving, containers: [triton] }] },
  },
  {
    rule: "no-entry",
    cause: "No VirtualService has the host fraud.models.example.com, so the gateway knows no way to the model.",
    evidence: { ...healthy, route: { entries: [], gateways: {}, release: true } },
  },
  {
    rule: "no-release-route",
    cause: "VirtualService fraud-release does not exist, so nothing says which version gets requests.",
    evidence: { ...healthy, route: { entries: [{ name: "fraud", gateways: ["mesh"] }], gateways: {}, release: false } },
  },
  {
    rule: "gateway-missing",
    cause: "VirtualService fraud names the Gateway istio-ingress/models, which does not exist.",
    evidence: {
      ...healthy,
      route: { entries: [{ name: "fraud", gateways: ["istio-ingress/models"] }], gateways: {}, release: true },
    },
  },
  {
    rule: "gateway-missing",
    cause: "Gateway istio-ingress/models does not take the host fraud.models.example.com.",
    evidence: {
      ...healthy,
      route: {
        entries: [{ name: "fraud", gateways: ["istio-ingress/models"] }],
        gateways: { "istio-ingress/models": ["*.other.example.com"] },
        release: true,
      },
    },
  },
  {
    rule: "gateway-address",
    cause: "Service istio-ingress/istio-ingressgateway has no address yet.",
    evidence: { ...healthy, notRead: { address: "Service istio-ingress/istio-ingressgateway has no address yet." } },
  },
  {
    rule: "dns",
    cause: "The name cannot be resolved here: getaddrinfo ENOTFOUND lb.example.com.",
    evidence: errorOf("ENOTFOUND", "getaddrinfo ENOTFOUND lb.example.com"),
  },
  {
    rule: "gateway-certificate",
    cause:
      "The gateway's certificate is refused for fraud.models.example.com: certificate has expired (CERT_HAS_EXPIRED).",
    evidence: errorOf("CERT_HAS_EXPIRED", "certificate has expired"),
  },
  {
    rule: "gateway-unreachable",
    cause: "Nothing answers at 10.0.0.1: connect ECONNREFUSED 10.0.0.1:80.",
    evidence: errorOf("ECONNREFUSED", "connect ECONNREFUSED 10.0.0.1:80"),
  },
  {
    rule: "wrong-host",
    cause: "The gateway has no route for the host fraud.models.example.com.",
    evidence: request({ status: 404, body: "" }),
  },
  {
    rule: "unknown-model",
    cause: 'Triton has no model "fraud": its repository names it differently.',
    evidence: request({ status: 400, body: '{"error":"Request for unknown model: \'fraud\' is not found"}' }),
  },
  {
    rule: "no-healthy-upstream",
    cause:
      "The gateway sends to none of the 1 ready pods: they failed and were taken out, or the labels of the subset match none.",
    evidence: request({ status: 503, body: "no healthy upstream" }),
  },
  {
    rule: "mtls",
    cause: "The gateway and the pods do not agree on mTLS.",
    evidence: request({
      status: 503,
      body: "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end",
    }),
  },
  {
    rule: "token",
    cause: "The token was refused: Jwks remote fetch is failed.",
    evidence: {
      ...request({ status: 401, body: "Jwks remote fetch is failed" }),
      model: { ...healthy.model, jwt: true },
    },
  },
  {
    rule: "rate-limit",
    cause: "The gateway limits requests of this client (traffic.rateLimit).",
    evidence: request({ status: 429, body: "local_rate_limited" }),
  },
  {
    rule: "timeout",
    cause: "No answer came within traffic.timeout.",
    evidence: request({ status: 504, body: "upstream request timeout" }),
  },
  {
    rule: "certificate",
    cause: "Certificate istio-ingress/models is not made: Issuing certificate as Secret does not exist",
    evidence: {
      ...healthy,
      certificates: [
        { name: "istio-ingress/models", ready: false, message: "Issuing certificate as Secret does not exist" },
      ],
    },
  },
  {
    rule: "certificate",
    cause: `Certificate istio-ingress/models ran out on ${ago(60)}.`,
    evidence: {
      ...healthy,
      certificates: [{ name: "istio-ingress/models", ready: true, message: "", notAfter: ago(60) }],
    },
  },
];

const prometheus = healthy.prometheus as NonNullable<Evidence["prometheus"]>;
const target = prometheus.targets[0] as (typeof prometheus.targets)[number];
const run = (phase: string, metric: { phase: string; message?: string; values?: string[] }): Partial<Evidence> => ({
  rollout: { ...releasing, phase: "Paused" },
  analyses: [
    {
      name: "fraud-7c9b-2",
      phase,
      startedAt: ago(120),
      metrics: [{ name: "error-rate", message: "", values: [], ...metric }],
    },
  ],
});

const decisions: Sample[] = [
  {
    rule: "prometheus-unreachable",
    cause: "Prometheus at http://prometheus-operated.monitoring.svc:9090 does not answer: connect ECONNREFUSED",
    evidence: { ...healthy, prometheus: { ...prometheus, error: "connect ECONNREFUSED", targets: [], allTargets: 0 } },
  },
  {
    rule: "no-targets",
    cause: "Prometheus scrapes no pod of the model, so no release of it can be decided.",
    evidence: { ...healthy, prometheus: { ...prometheus, targets: [] } },
  },
  {
    rule: "target-down",
    cause: "Prometheus does not reach 1 of 1 ready pods.",
    evidence: {
      ...healthy,
      prometheus: {
        ...prometheus,
        targets: [
          { ...target, health: "down", lastError: 'Get "http://10.0.3.7:8002/metrics": context deadline exceeded' },
        ],
      },
    },
  },
  {
    rule: "scrape-gap",
    cause: `Prometheus has scraped 1 targets of the model last at ${ago(900)}.`,
    evidence: { ...healthy, prometheus: { ...prometheus, targets: [{ ...target, lastScrape: ago(900) }] } },
  },
  {
    // argoproj/argo-rollouts#2258
    rule: "analysis-error",
    cause:
      "Metric error-rate cannot be measured: Metric assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4)",
    evidence: {
      ...healthy,
      ...run("Error", {
        phase: "Error",
        message: "Metric assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4)",
      }),
    },
  },
  {
    rule: "analysis-without-data",
    cause: "Nothing is measured for error-rate: no requests, or no metrics.",
    evidence: { ...healthy, ...run("Running", { phase: "Running", values: ["[]", "[]", "[]"] }) },
  },
  {
    rule: "waits-for-person",
    cause: "The release of version 2 waits for a person.",
    evidence: {
      ...healthy,
      rollout: { ...releasing, phase: "Paused", message: "CanaryPauseStep", waitsForPerson: true },
    },
  },
  {
    rule: "rolled-back",
    cause: "Version 2 was rolled back; the version before has the traffic.",
    evidence: {
      ...healthy,
      rollout: {
        ...releasing,
        phase: "Degraded",
        aborted: true,
        message:
          'RolloutAborted: Rollout aborted update to revision 2: Metric "error-rate" assessed Failed due to failed (1) > failureLimit (0)',
      },
    },
  },
  {
    // argo-rollouts `utils/conditions/conditions.go`
    rule: "rollout-invalid",
    cause:
      'The controller refuses the Rollout: InvalidSpec: The Rollout "fraud" is invalid: spec.strategy.canary.analysis.templates: Invalid value: "fraud-guard": AnalysisTemplate \'fraud-guard\' not found',
    evidence: {
      ...healthy,
      rollout: {
        ...rollout,
        phase: "Degraded",
        message:
          'InvalidSpec: The Rollout "fraud" is invalid: spec.strategy.canary.analysis.templates: Invalid value: "fraud-guard": AnalysisTemplate \'fraud-guard\' not found',
      },
    },
    final: true,
  },
  {
    rule: "not-observed",
    cause: "The Rollouts controller has not seen the last change of the Rollout.",
    evidence: { ...healthy, rollout: { ...rollout, observed: false, changedAt: ago(20) } },
  },
  {
    rule: "not-deployed",
    cause: 'There is no Rollout "fraud" in namespace "models".',
    evidence: (({ rollout: _gone, ...rest }) => ({ ...rest, pods: [], prometheus: { ...prometheus, targets: [] } }))(
      healthy,
    ),
  },
  {
    rule: "api-server",
    cause: "The cluster cannot be read: connect ECONNREFUSED 10.0.0.1:6443 (tried for 3 s).",
    evidence: { ...healthy, pods: [], notRead: { pods: "connect ECONNREFUSED 10.0.0.1:6443 (tried for 3 s)." } },
  },
  {
    rule: "controller-down",
    cause: "Rollouts controller does not run: no release goes on or back.",
    evidence: {
      ...healthy,
      controllers: [
        {
          name: "Rollouts controller",
          does: "no release goes on or back",
          object: "Deployment argo-rollouts/argo-rollouts",
          ready: 0,
          wanted: 2,
          message: "MinimumReplicasUnavailable",
        },
      ],
    },
  },
  {
    rule: "controller-degraded",
    cause: "istiod has 1 of 2 pods.",
    evidence: {
      ...healthy,
      controllers: [
        { name: "istiod", does: "", object: "Deployment istio-system/istiod", ready: 1, wanted: 2, message: "" },
      ],
    },
  },
  {
    rule: "webhook-down",
    cause:
      "Webhook istio-sidecar-injector/namespace.sidecar-injector.istio.io has nothing behind it, so the API server refuses pods.",
    evidence: {
      ...healthy,
      webhooks: [
        {
          name: "istio-sidecar-injector/namespace.sidecar-injector.istio.io",
          refuses: true,
          resources: ["pods"],
          service: "istio-system/istiod",
          endpoints: 0,
        },
      ],
    },
  },
  {
    rule: "clock",
    cause: "This machine's clock is 90 s ahead of the API server's.",
    evidence: { ...healthy, clock: { server: ago(90), here: at } },
  },
];

/** A pod that fails for no reason that is known. */
export const unexplained: Evidence = broken({
  log: ["Segfault? no: exit at once"],
  restarts: 2,
  waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" },
  ended: { exitCode: 3, reason: "Error", message: "" },
});

/** A pod whose events are of a time before it was ready. */
export const recovered: Evidence = {
  ...healthy,
  events: [
    event(`Pod/${serving.name}`, "FailedScheduling", "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."),
    event("Pod/gone", "Failed", `Failed to pull image "${image}": not found`),
  ],
};

/** A pod that the scheduler has just seen. */
export const young: Evidence = broken({}, {}, { ...failing(), phase: "Pending", createdAt: ago(3), containers: [] });

export const samples: readonly Sample[] = [
  ...images,
  ...placing,
  ...volumes,
  ...stores,
  ...gpus,
  ...models,
  ...loading,
  ...routes,
  ...decisions,
];
