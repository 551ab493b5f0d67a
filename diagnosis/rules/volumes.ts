import { artifactCheck } from "../../components/model/artifact.ts";
import { artifactDownload } from "../../components/model/artifactDownload.ts";
import { type Rule, shortened, textRule } from "./rule.ts";

/** Why a pod's volumes or files are not as they must be. */
export const volumeRules: readonly Rule[] = [
  textRule({
    name: "claim-missing",
    area: "volumes",
    title: "the PersistentVolumeClaim does not exist",
    sign: '`persistentvolumeclaim "…" not found`',
    pattern: /persistentvolumeclaim "(?<claim>[^"]+)" not found/,
    cause: ({ claim }, _, { model }) =>
      `There is no PersistentVolumeClaim "${claim}" in namespace "${model.namespace}".`,
    change: "Create it with the model's versions, or correct the repository in the declaration.",
    next: "<kubectl> get pvc -n <namespace>",
    final: true,
  }),
  textRule({
    name: "claim-unbound",
    area: "volumes",
    title: "the PersistentVolumeClaim has no volume",
    sign: "`pod has unbound immediate PersistentVolumeClaims`, `is not bound to a volume`",
    pattern: /unbound immediate PersistentVolumeClaims|persistentvolumeclaim "(?<claim>[^"]+)" is not bound/,
    cause: ({ claim }) => `The claim${claim === undefined ? "" : ` "${claim}"`} has no volume yet.`,
    change: "Look why: no default StorageClass, no such StorageClass, or no volume of that size and access mode.",
    next: "<kubectl> describe pvc -n <namespace>",
  }),
  textRule({
    name: "secret-missing",
    area: "volumes",
    title: "a Secret or ConfigMap that the pod mounts does not exist",
    sign: '`secret "…" not found`, `configmap "…" not found`, `couldn\'t find key … in Secret`',
    pattern: /(?<kind>[Ss]ecret|[Cc]onfigmap) "(?<name>[^"]+)" not found|couldn't find key (?<key>\S+) in (?<of>\w+)/,
    cause: ({ kind, name, key, of }) =>
      key === undefined
        ? `The ${(kind ?? "").toLowerCase()} "${name}" does not exist.`
        : `The ${of} has no key ${key}.`,
    change:
      "Bring the models layer up again; a Secret with keys of a model store is made from the stack's configuration.",
    next: "<kubectl> get secrets,configmaps -n <namespace>",
    final: true,
  }),
  textRule({
    name: "mount-failed",
    area: "volumes",
    title: "a volume cannot be mounted",
    sign: "`MountVolume.SetUp failed`, `FailedAttachVolume`, `Multi-Attach error`",
    where: /^event (FailedMount|FailedAttachVolume)/,
    pattern:
      /(?<why>MountVolume\.\w+ failed for volume "[^"]+"[\s\S]*|Multi-Attach error[\s\S]*|AttachVolume\.\w+ failed[\s\S]*|neither hostPath nor local[\s\S]*)/,
    when: (_, { text }) => !/"[^"]+" not found/.test(text),
    cause: ({ why }) => `A volume cannot be mounted: ${shortened(why ?? "")}`,
    change: "Look at the driver of the volume on the node, and whether another node still has it.",
    confidence: "likely",
  }),
  textRule({
    name: "files-differ",
    area: "files",
    title: "the files of the version are others than declared",
    sign: "`refused: declared is digest …`, from the init container `artifact-check`",
    // Its log on one machine names folders of that machine.
    where: /^termination message/,
    pattern: /refused: (?<why>.+)/,
    when: (_, { container }) => container?.name === artifactCheck,
    cause: ({ why }, { pod }) => `Version ${pod.version}: ${why}`,
    change:
      "Declare the digest that `npx serin model digest <folder>` prints, or bring the right files into the store.",
    final: true,
  }),
  textRule({
    name: "files-not-downloaded",
    area: "store",
    title: "the files of the version cannot be brought from the store",
    sign: "the init container `artifact-download` ends with rclone's error",
    where: /^termination message/,
    pattern: /(?<why>\S[\s\S]*)/,
    when: (_, { container }) => container?.name === artifactDownload && (container.ended?.exitCode ?? 0) !== 0,
    cause: ({ why }, { pod }) => `Version ${pod.version} was not downloaded: ${shortened(why ?? "")}`,
    change:
      "Look at the identity of the model's ServiceAccount, and at the bucket, region and prefix of the repository.",
    confidence: "likely",
  }),
  textRule({
    name: "repository-missing",
    area: "files",
    title: "the folder of the version does not exist",
    sign: "`failed to stat file /models/…`, `model repository … does not exist`",
    pattern:
      /(?:error: creating server: Internal - failed to stat file (?<path>\S+)|model repository (?<local>\S+) does not exist)/,
    cause: ({ path, local }) => `The Triton repository ${path ?? local} does not exist in the model store.`,
    change: "Put the version's folder into the model store as docs/models.md has it, or correct the version.",
    final: true,
  }),
];

/** Why Triton does not reach its object store. */
export const storeRules: readonly Rule[] = [
  textRule({
    name: "store-keys",
    area: "store",
    title: "the store does not accept the credentials",
    sign: "`InvalidAccessKeyId`, `SignatureDoesNotMatch`, `ExpiredToken`, `Check account credentials`",
    pattern:
      /(?<why>InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|Unable to create (?:S3|GCS|ASFileSystem)[^.]*|AuthenticationFailed|invalid_grant|NoCredentialProviders|Unable to locate credentials)/,
    cause: ({ why }) => `The store does not accept the pod's credentials: ${why}.`,
    change:
      "Renew the keys of the store (on-prem), or look at the identity that the ServiceAccount signs in with; a clock that is off makes both fail.",
  }),
  textRule({
    name: "store-identity",
    area: "store",
    title: "the pod's identity may not read the store",
    sign: "`AccessDenied`, `403`, `storage.objects.list access`, `AuthorizationPermissionMismatch`",
    pattern:
      /(?<why>AccessDenied|Access Denied|not authorized to perform: (?:s3|sts):\w+|storage\.(?:objects|buckets)\.\w+ access|AuthorizationPermissionMismatch|AuthorizationFailure|HTTP response code: 403|status code: 403|PERMISSION_DENIED)/,
    cause: ({ why }) => `The identity of the model's ServiceAccount may not read the store: ${why}.`,
    change:
      "Look whether the cluster layer binds the ServiceAccount (a renamed model or namespace needs it again), and at the store's own policy.",
    next: "<kubectl> get serviceaccount -n <namespace> <model> -o yaml",
  }),
  textRule({
    name: "store-region",
    area: "store",
    title: "the bucket is in another region",
    sign: "`PermanentRedirect`, `AuthorizationHeaderMalformed`, `301`, `the region '…' is wrong`",
    pattern:
      /(?<why>PermanentRedirect|AuthorizationHeaderMalformed|the region '[^']+' is wrong; expecting '[^']+'|HTTP response code: 301|IllegalLocationConstraint)/,
    cause: ({ why }) => `The bucket is in another region than declared: ${why}.`,
    change: "Write the bucket's region in the repository (`region`), or in the cluster's model store.",
    final: true,
  }),
  textRule({
    name: "store-bucket",
    area: "store",
    title: "the bucket does not exist, or is hidden from the pod",
    sign: "`NoSuchBucket`, `Could not get MetaData for bucket`, `ContainerNotFound`",
    pattern:
      /(?:NoSuchBucket|ContainerNotFound|The specified bucket does not exist|Could not get MetaData for bucket with name (?<bucket>\S+))/,
    cause: ({ bucket }) =>
      bucket === undefined
        ? "The bucket of the model store does not exist."
        : `Bucket ${bucket} does not exist, or the pod may not see it, or it is in another region.`,
    change:
      "Correct the bucket's name and region; look at the identity of the model's ServiceAccount. Triton says the same of all three.",
    confidence: "likely",
  }),
  textRule({
    name: "store-prefix",
    area: "store",
    title: "there is nothing under the prefix of the version",
    sign: "`file does not exist`, `directory … does not exist`, `NoSuchKey`, `Could not get MetaData for object`",
    pattern:
      /(?:NoSuchKey|Could not get MetaData for object at (?<url>\S+)|(?:file|directory) does not exist at (?<path>\S+)|directory not found)/,
    cause: ({ url, path }) => `The store has nothing at ${url ?? path ?? "the version's prefix"}.`,
    change: "Upload the version there (npx serin plan prints the address), or correct the version.",
    final: true,
  }),
  textRule({
    name: "store-unreachable",
    area: "store",
    title: "the pod does not reach the store",
    sign: "`curlCode: 6` (name), `curlCode: 7`, `curlCode: 28` (timeout)",
    pattern: /curlCode: (?<code>6|7|28|35|60), (?<why>[^"\n]+)/,
    cause: ({ code, why }) =>
      code === "6"
        ? "The pod cannot resolve the store's name."
        : `The pod does not reach the store: ${shortened(why ?? "")}`,
    change: "Look at the cluster's DNS and its way out: NetworkPolicy, firewall, private endpoint, proxy.",
  }),
];
