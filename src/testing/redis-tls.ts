import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** For 127.0.0.1 and localhost, signed by itself, until 2126. Nothing but tests trusts it. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBrDCCAVOgAwIBAgIUcM0Cxlg1Bz3IY/uzKajFcIdaYDMwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSUmVkaXMgb2YgdGhlIHRlc3RzMCAXDTI2MTEyMzAzMjM0M1oY
DzIxMjYxMDMwMDMyMzQzWjAdMRswGQYDVQQDDBJSZWRpcyBvZiB0aGUgdGVzdHMw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR8+cqdi2wMgN6RcBj/8K88vk1YCVKM
BksIHBK1drbd4gf0XfAsB33v6sUSE0G9LZdzUYUeFDnQqEeDjvyfPcD8o28wbTAd
BgNVHQ4EFgQULvOONnA5RWknWxLURnetfF6bNWAwHwYDVR0jBBgwFoAULvOONnA5
RWknWxLURnetfF6bNWAwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAAB
gglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDRwAwRAIgCzceZQ3ltgKQlcOBKnJHfZJR
E5IbIeBnGzNh6IQYFNYCIHd4nEkkl1MDLWg8E6Hm65aPMccKx3R/xWrmj38H9fYc
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
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
