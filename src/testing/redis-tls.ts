import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** For 127.0.0.1 and localhost, signed by itself, from 2020 to 2120. Nothing but tests trusts it. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJSZWRpcyBv
ZiB0aGUgdGVzdHMwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMB0x
GzAZBgNVBAMMElJlZGlzIG9mIHRoZSB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABHz5yp2LbAyA3pFwGP/wrzy+TVgJUowGSwgcErV2tt3iB/Rd8CwHfe/q
xRITQb0tl3NRhR4UOdCoR4OO/J89wPyjTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYD
VR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MB0GA1UdDgQWBBQu8442cDlFaSdbEtRG
d618Xps1YDAKBggqhkjOPQQDAgNJADBGAiEArAhaQTi5I6Z7N5pdAHa1OLyx84MK
0pyP/dG67JPweoYCIQCu4j2TYv3vRmontnN30uT975cxh8i+Lki7Rc18gdqVSQ==
-----END CERTIFICATE-----
`;
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpNkVI3TB86XUvPXo
D5hEjf5Dt37WQx6GDtNHWklLOSmhRANCAAR8+cqdi2wMgN6RcBj/8K88vk1YCVKM
BksIHBK1drbd4gf0XfAsB33v6sUSE0G9LZdzUYUeFDnQqEeDjvyfPcD8
-----END PRIVATE KEY-----
`;

/** Why a test that needs it is to be skipped; false where it is there. A server can be built without it. */
export function withoutTls(): string | false {
  const help = execFileSync("redis-cli", ["--help"], { encoding: "utf8" });
  return / --tls /.test(help) ? false : "this redis-server was built without TLS";
}

/** Words to a server that talks TLS only, to clients and to other servers. */
export function tlsWords(t: TestContext): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "convive-tls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  writeFileSync(certificate, CERTIFICATE);
  writeFileSync(key, KEY);
  return [
    ...["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate],
    ...["--tls-auth-clients", "no", "--tls-replication", "yes", "--tls-cluster", "yes"],
  ];
}
