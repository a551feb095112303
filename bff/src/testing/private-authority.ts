import { spawnSync } from "node:child_process";
import { chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serverAccount } from "#embedded/account.ts";
import { makeTemporaryFolder } from "./stack-setup.ts";

export type PrivateAuthority = {
  /** Files that the accounts of the embedded servers may read: of the authority, and of `localhost`. */
  authority: string;
  certificate: string;
  key: string;
  dispose(): void;
};

/** A certificate authority that nobody knows, and a certificate of it for `localhost`. */
export function makePrivateAuthority(): PrivateAuthority {
  const folder = makeTemporaryFolder();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const root = [
    "-x509",
    "-days",
    "2",
    "-subj",
    "/CN=Private authority",
    "-addext",
    "keyUsage=critical,keyCertSign",
  ];
  openssl("req", ...root, ...newKey, "-keyout", at("ca.key"), "-out", at("ca.pem"));
  openssl("req", "-subj", "/CN=localhost", ...newKey, "-keyout", at("server.key"), "-out", at("server.csr"));
  writeFileSync(at("names"), "subjectAltName=DNS:localhost");
  const signer = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-extfile", at("names")];
  openssl("x509", "-req", "-days", "2", "-in", at("server.csr"), ...signer, "-out", at("server.pem"));
  const account = serverAccount();
  if (account) for (const name of ["server.key", "server.pem"]) chownSync(at(name), account.uid, account.gid);
  return {
    authority: at("ca.pem"),
    certificate: at("server.pem"),
    key: at("server.key"),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
