/** https and wss by the gateway itself. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type PeerCertificate } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createGateway, type Gateway } from "../src/index.js";
import { one, two } from "./support/certificates.js";
import { command, goodEnv } from "./support/command.js";
import { base, start } from "./support/start.js";

const folder = mkdtempSync(join(tmpdir(), "cc-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const statusOf = (url: string, options: object): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${url}/healthz`, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
/** Whose certificate is served to a new connection. */
const servedBy = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { subject } = socket.getPeerCertificate() as PeerCertificate;
      socket.destroy();
      resolve(String(subject.CN));
    });
    socket.on("error", reject);
  });
const welcomed = async (gateway: Gateway, ca: string): Promise<WebSocket> => {
  const { token } = await gateway.mintToken("alice");
  const socket = new WebSocket(gateway.wsUrl, "cc.1", { ca });
  socket.on("open", () => socket.send(JSON.stringify({ t: "hello", token, app: "app", instance: "i", linkNo: 1 })));
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.once("message", (data) => (String(data).includes("welcome") ? resolve() : reject(new Error(String(data)))));
  });
  return socket;
};

describe("TLS", () => {
  it("serves https and wss on its one port, and says so in its URLs", async () => {
    const gateway = await start({ tls: one });
    expect([gateway.url, gateway.wsUrl]).toEqual([
      expect.stringMatching(/^https:/),
      expect.stringMatching(/^wss:.*\/v1\/connect$/),
    ]);
    expect(await statusOf(gateway.url, { ca: one.cert })).toBe(200);
    await expect(statusOf(gateway.url, { ca: two.cert })).rejects.toMatchObject({ code: expect.any(String) });
    (await welcomed(gateway, one.cert)).terminate();
  });

  it("nothing below TLS 1.2 is spoken, and 1.3 alone where that is asked for", async () => {
    const gateway = await start({ tls: { ...one, minVersion: "TLSv1.3" } });
    await expect(statusOf(gateway.url, { ca: one.cert, maxVersion: "TLSv1.2", agent: false })).rejects.toThrow();
    const usual = await start({ tls: one });
    expect(await statusOf(usual.url, { ca: one.cert, maxVersion: "TLSv1.2", agent: false })).toBe(200);
    const old = {
      ca: one.cert,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
      agent: false,
    };
    await expect(statusOf(usual.url, old)).rejects.toThrow();
  });

  it("with `ca` a client without a certificate of theirs is turned away in the handshake", async () => {
    const gateway = await start({ tls: { ...one, ca: two.cert } });
    await expect(statusOf(gateway.url, { ca: one.cert, agent: false })).rejects.toThrow();
    expect(await statusOf(gateway.url, { ca: one.cert, key: two.key, cert: two.cert, agent: false })).toBe(200);
  });

  it("setTls: new connections get the new certificate, links that are open stay, one that does not work changes nothing", async () => {
    const gateway = await start({ tls: one });
    const link = await welcomed(gateway, one.cert);
    expect(await servedBy(gateway.address.port)).toBe("one");
    gateway.setTls(two);
    expect(await servedBy(gateway.address.port)).toBe("two");
    expect(link.readyState).toBe(link.OPEN);
    expect(() => gateway.setTls({ key: one.key, cert: two.cert })).toThrow(
      expect.objectContaining({ code: "ERR_OPTION" }),
    );
    expect(await servedBy(gateway.address.port)).toBe("two");
    link.terminate();
    const plain = await start();
    expect(() => plain.setTls(one)).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
  });

  it("setTls: whether clients show certificates stays as it was; an option that would not hold is refused", async () => {
    const open = await start({ tls: one });
    const closed = await start({ tls: { ...one, ca: two.cert } });
    for (const attempt of [() => open.setTls({ ...one, ca: two.cert }), () => closed.setTls(one)])
      expect(attempt).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
    closed.setTls({ ...one, ca: one.cert });
    const by = (client: typeof one) => ({ ca: one.cert, key: client.key, cert: client.cert, agent: false });
    await expect(statusOf(closed.url, by(two))).rejects.toThrow();
    expect(await statusOf(closed.url, by(one))).toBe(200);
  });

  it("a key that does not fit its certificate is a bad option, told without a piece of it", async () => {
    const failed = await createGateway({ ...base, tls: { key: one.key, cert: two.cert } }).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: "ERR_OPTION", message: expect.stringMatching(/^tls: /) });
    expect(String((failed as Error).message)).not.toContain(one.key.split("\n")[1]);
  });

  it("cc-gateway takes files, and reads them again on SIGHUP", async () => {
    const { key, cert } = { key: join(folder, "served.key"), cert: join(folder, "served.crt") };
    const put = (tls: typeof one): void => {
      writeFileSync(key, tls.key);
      writeFileSync(cert, tls.cert);
    };
    put(one);
    const process = command(["--tls-key", key, "--tls-cert", cert], goodEnv);
    const port = Number(new URL(await process.url).port);
    expect(await servedBy(port)).toBe("one");
    put(two);
    process.child.kill("SIGHUP");
    await expect.poll(() => process.stdout()).toContain("new certificate");
    expect(await servedBy(port)).toBe("two");
    process.child.kill("SIGTERM");
    expect(await process.exit).toMatchObject({ code: 0 });
  });
});
