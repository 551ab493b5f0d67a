/** The contents of a kubeconfig for one server, with a token and contexts `one` and `none`; JSON, which is YAML too. */
export function kubeconfigOf(server: string, user: object = { token: "t0ken" }): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user }],
    contexts: [
      { name: "one", context: { cluster: "c", user: "u", namespace: "models" } },
      { name: "none", context: { cluster: "gone", user: "u" } },
    ],
    "current-context": "one",
  });
}
