/** `http://<service>.<namespace>.svc…:<port>`: an address that pods of the cluster reach. */
const serviceAddress = /^http:\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?(?::(\d+))?\/?$/;

/**
 * The path of the API by which a Service is asked from outside of the cluster (`services/proxy`). Undefined: the
 * address is of no Service, so only pods may reach it.
 */
export function serviceProxyPath(address: string): string | undefined {
  const [, service, namespace, port = "80"] = serviceAddress.exec(address) ?? [];
  return service === undefined ? undefined : `/api/v1/namespaces/${namespace}/services/http:${service}:${port}/proxy`;
}
