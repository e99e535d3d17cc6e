/** Certificates of any life and name, made on the spot: the few pieces of X.509 that a test needs, signed by Node's own crypto. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Made {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly subject: Buffer;
  readonly privateKey: KeyObject;
}

export interface Wanted {
  /** DNS names in it. Default: `localhost`. */
  readonly names?: readonly string[];
  /** IPv4 addresses in it. Default: 127.0.0.1. */
  readonly addresses?: readonly string[];
  /** Ms since 1970. Defaults: a day ago, in a year. */
  readonly from?: number;
  readonly to?: number;
  /** Who signs it. Default: itself. */
  readonly by?: Made;
}

const day = 86_400_000;

// DER: a tag, a length, the content.
const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const yes = der(0x01, Buffer.from([255]));
// GeneralizedTime: a year of four digits.
const time = (at: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const commonName = (name: string): Buffer => sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));

/** Makes a key and a certificate for it, which may itself sign others. */
export function makeCertificate(wanted: Wanted = {}): Made {
  const {
    names = ["localhost"],
    addresses = ["127.0.0.1"],
    from = Date.now() - day,
    to = Date.now() + 365 * day,
  } = wanted;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = commonName(names[0] ?? "test");
  const signer = wanted.by ?? { subject, privateKey };
  const alternatives = sequence(
    ...names.map((name) => der(0x82, Buffer.from(name))),
    ...addresses.map((address) => der(0x87, Buffer.from(address.split(".").map(Number)))),
  );
  const extensions = sequence(
    sequence(oid("551d13"), yes, der(0x04, sequence(yes))),
    sequence(oid("551d11"), der(0x04, alternatives)),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    signer.subject,
    sequence(time(from), time(to)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const whole = sequence(body, ecdsaWithSha256, bits(sign("sha256", body, signer.privateKey)));
  const lines = whole.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    subject,
    privateKey,
  };
}
