import { type Rule, shortened, textRule } from "./rule.ts";

const config = "Correct config.pbtxt";
/** A line break in Triton's message, which it writes as two characters where it logs it (2.51). */
const eol = String.raw`(?:\\n|\n|"|$)`;
/** Where the model's folder is, whatever folder the repository was mounted at. */
const placeIn = (path: string | undefined) => (path ?? "").replace(/^.*\/(?=[^/]+\/\d+\/[^/]+$)/, "");

/**
 * Why Triton does not load a model. Each pattern was recorded from Triton 2.51.0 with a model that has the fault
 * (`test/diagnosis/triton/*.log`), but for those that name another source.
 */
export const modelLoadRules: readonly Rule[] = [
  textRule({
    name: "config-unreadable",
    area: "model",
    title: "config.pbtxt cannot be read",
    sign: "`Error parsing text-format inference.ModelConfig: 5:39: …`, `failed to read text proto from …`",
    pattern:
      /(?:Error parsing text-format inference\.ModelConfig: (?<line>\d+):(?<column>\d+): (?<why>.+)|failed to read text proto from (?<path>[^"\s]+))/,
    cause: ({ line, column, why, path }, _, { model }) =>
      line === undefined
        ? `Triton cannot read ${placeConfig(path, model.name)}.`
        : `config.pbtxt, line ${line}, column ${column}: ${why}`,
    change: `${config} there; its fields: https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto`,
    final: true,
  }),
  textRule({
    name: "python-syntax",
    area: "model",
    title: "model.py is not Python",
    sign: "`SyntaxError: … (model.py, line 13)`, `IndentationError`, `TabError`",
    pattern: new RegExp(`(?<kind>SyntaxError|IndentationError|TabError): (?<why>.*?)${eol}`),
    cause: ({ kind, why }) => `model.py does not compile: ${kind}: ${why}.`,
    change: "Correct that line. Before the next try: python3 -m py_compile model.py",
    final: true,
  }),
  textRule({
    name: "python-module",
    area: "model",
    title: "a Python package is missing",
    sign: "`ModuleNotFoundError: No module named '…'`, `ImportError`",
    pattern: new RegExp(`(?:ModuleNotFoundError: No module named '(?<module>[^']+)'|(?<other>ImportError: .*?)${eol})`),
    cause: ({ module, other }) =>
      other === undefined
        ? `model.py imports "${module}", which is not installed beside Triton.`
        : `model.py cannot import: ${other}.`,
    change:
      "Put the package into an image of your own (server.image), or the module beside model.py. Locally only NumPy is there.",
    final: true,
  }),
  textRule({
    name: "python-class",
    area: "model",
    title: "model.py has no class TritonPythonModel",
    sign: "`module '1.model' has no attribute 'TritonPythonModel'`",
    pattern: /has no attribute 'TritonPythonModel'/,
    cause: () => 'model.py has no class "TritonPythonModel".',
    change: 'Name the class "TritonPythonModel".',
    final: true,
  }),
  textRule({
    name: "python-initialize",
    area: "model",
    title: "model.py fails while it initializes",
    sign: "`failed to load … Internal: <Exception>: … At: …/model.py(14): initialize`",
    pattern: new RegExp(
      String.raw`failed to load '[^']+' version \d+: Internal: (?<why>\w*(?:Error|Exception|Interrupt|Exit)\b.*?)${eol}(?:(?:.|\n)*?(?<path>/\S+?\.py)\((?<line>\d+)\): (?<method>\w+))?`,
    ),
    when: (_, { text }) =>
      !/SyntaxError|IndentationError|TabError|ModuleNotFoundError|ImportError|TritonPythonModel'|TritonModelException|out of memory/.test(
        text,
      ),
    cause: ({ why, path, line, method }) =>
      `${path === undefined ? "model.py" : `${placeIn(path)}, line ${line}, in ${method}`}: ${why}.`,
    change: "Correct the method. Files of the model are beside model.py: os.path.dirname(os.path.abspath(__file__)).",
    final: true,
  }),
  textRule({
    name: "model-file-missing",
    area: "model",
    title: "the file of the model is missing",
    sign: "`Python model file not found in '…/model.py'` (Triton then hangs), `failed to stat file …/model.onnx`",
    pattern:
      /(?:Python model file not found in '(?<python>[^']+)'|failed to load '[^']+' version \d+: [^"]*?(?:failed to stat file|unable to find|file does not exist)[^/"]*(?<file>\/[^\s"']+\.\w+))/,
    cause: ({ python, file }) => `The model's file ${placeIn(python ?? file)} does not exist.`,
    change: "Put it there, or name another with default_model_filename in config.pbtxt.",
    final: true,
  }),
  textRule({
    name: "no-version-folder",
    area: "model",
    title: "the model has no version folder",
    sign: "`at least one version must be available under the version policy of model '…'`",
    pattern: /at least one version must be available under the version policy of model '(?<model>[^']+)'/,
    cause: ({ model }) => `The folder of model "${model}" has no folder whose name is a number.`,
    change: "Put the model's file into <model>/1/.",
    final: true,
  }),
  textRule({
    name: "backend-missing",
    area: "model",
    title: "the server has no such backend",
    sign: "`unable to find backend library for backend '…'`",
    pattern: /unable to find backend library for backend '(?<backend>[^']+)'/,
    cause: ({ backend }, _, { embedded }) =>
      `Triton has no backend "${backend}"${embedded ? "; the embedded environment computes with python and onnxruntime alone" : " in this image"}.`,
    change: "Correct `backend` in config.pbtxt, or take an image that has it (server.image).",
    final: true,
  }),
  textRule({
    name: "model-name",
    area: "model",
    title: "the name in config.pbtxt is not that of the folder",
    sign: "`directory name must equal model name`",
    pattern: /unexpected directory name '(?<folder>[^']+)' for model '(?<name>[^']+)'/,
    cause: ({ folder, name }) => `config.pbtxt names the model "${name}", and its folder is "${folder}".`,
    change: "Leave `name` out of config.pbtxt, or write the folder's name.",
    final: true,
  }),
  textRule({
    name: "config-refused",
    area: "model",
    title: "a value in config.pbtxt does not fit",
    sign: "`failed to load … Invalid argument: …`: shapes, types, dims, warm-up, batches",
    pattern: new RegExp(
      String.raw`failed to load '(?<model>[^']+)' version \d+: Invalid argument: (?:\[request id: [^\]]*\] )?(?<why>.*?)(?: NOTE: .*)?${eol}`,
    ),
    when: (_, { text }) => !/unable to find backend|KIND_GPU but no GPUs/.test(text),
    cause: ({ why }) => `Triton refuses the configuration: ${shortened((why ?? "").replace(/\.$/, ""))}.`,
    change: `${config}: what it says of inputs, outputs and model_warmup must be what the model takes and answers.`,
    final: true,
  }),
  textRule({
    name: "stub-died",
    area: "model",
    title: "the model's own process died while it loaded",
    sign: "`Stub process '…' is not healthy`",
    pattern: /Stub process '(?<stub>[^']+)' is not healthy/,
    cause: ({ stub }) =>
      `The Python process of the model ended while it initialized (${stub}): a native library crashed, or it was killed.`,
    change: "Look at the lines before it in the log; memory and sharedMemory of the server are the usual reasons.",
    confidence: "likely",
  }),
  textRule({
    name: "nothing-loaded",
    area: "model",
    title: "Triton loaded nothing",
    sign: "`error: creating server: Internal - failed to load all models`",
    pattern: /error: creating server: (?<why>.+)/,
    when: (_, { text }) => !/failed to stat file|Unable to create|MetaData/.test(text),
    cause: ({ why }) => `Triton ended: ${why}.`,
    change: "The reason stands above that line in its log.",
    confidence: "possible",
  }),
];

function placeConfig(path: string | undefined, model: string): string {
  return path === undefined ? `${model}/config.pbtxt` : path.split("/").slice(-2).join("/");
}
