import type { Problem } from "../../core/problem.ts";

/** What the GPU operator's driver container builds the driver from, where it cannot reach the public repositories. */
export interface DriverPackages {
  /**
   * Files of package repositories, as apt or dnf reads them, by file name: `{ "site.list": "deb https://…" }`. They are
   * beside those of the image, in `/etc/apt/sources.list.d` or `/etc/yum.repos.d`. @default those of the image
   */
  readonly repositories?: Readonly<Record<string, string>>;
  /**
   * Certificates of authorities in PEM, by file name: of the repositories, or of a proxy that inspects TLS. On Ubuntu a
   * name ends with `.crt`, and they are trusted beside the public ones. On RHEL the one file is `tls-ca-bundle.pem`,
   * which takes the place of the public ones, so it holds those too. @default the authorities of the image
   */
  readonly authorities?: Readonly<Record<string, string>>;
}

/** Everything wrong with the packages, by the path below `settings.driverPackages`. */
export function driverPackageProblems({ repositories = {}, authorities = {} }: DriverPackages): Problem[] {
  return [
    ...Object.entries(repositories).flatMap(([file, text]) =>
      repositoryProblems(`repositories["${file}"]`, file, text),
    ),
    ...Object.entries(authorities).flatMap(([file, text]) => authorityProblems(`authorities["${file}"]`, file, text)),
  ];
}

function repositoryProblems(path: string, file: string, text: string): Problem[] {
  if (!/^[\w.-]{1,240}\.(list|sources|repo)$/.test(file)) {
    return [{ path, reason: "apt reads *.list and *.sources, dnf *.repo.", fix: 'Name it, for example, "site.list".' }];
  }
  return /\/\/[^/\s]*@/.test(text) || /^\s*password\s*=/m.test(text)
    ? [
        {
          path,
          reason: "it holds a user name or a password, and a ConfigMap is for all to read.",
          fix: "Let the repository answer the nodes' addresses without one.",
        },
      ]
    : [];
}

function authorityProblems(path: string, file: string, text: string): Problem[] {
  if (!/^[\w.-]{1,240}\.crt$/.test(file) && file !== "tls-ca-bundle.pem") {
    return [
      {
        path,
        reason: "Ubuntu trusts *.crt alone, and RHEL the file tls-ca-bundle.pem.",
        fix: 'Name it, for example, "proxy.crt".',
      },
    ];
  }
  if (text.includes("PRIVATE KEY")) {
    return [
      {
        path,
        reason: "it holds a private key, and a ConfigMap is for all to read.",
        fix: "Write the certificate alone, and make another key.",
      },
    ];
  }
  return text.includes("-----BEGIN CERTIFICATE-----")
    ? []
    : [{ path, reason: "it holds no certificate in PEM.", fix: "Begin with -----BEGIN CERTIFICATE-----." }];
}
