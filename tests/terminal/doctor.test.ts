/** `cc-connection doctor` against a healthy gateway and against one fault at a time, each a real server. */
import { createGateway, type Gateway, type GatewayOptions } from "@cc/gateway";
import { createFaultProxy } from "@cc/testkit/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type DoctorOptions, doctor } from "../../apps/terminal/src/doctor/doctor.js";
import type { Report, Step, StepName } from "../../apps/terminal/src/doctor/report.js";
import { makeCertificate } from "../support/certificates.js";
import { builtProgram, startProgram } from "../support/program.js";
import {
  closedPort,
  impatientProxy,
  linkSite,
  linkUpgrade,
  plainProxy,
  site,
  swallowingPort,
  tcpServer,
  tlsBefore,
  wellPage,
} from "./faulty.js";

const authKey = "doctor-auth-key";
const jwtSecret = "terminal-secret-of-32-bytes-or-more";

async function startGateway(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await createGateway({
    appId: "demo",
    apiKey: "terminal-api-key",
    jwtSecret,
    authKey,
    users: [{ uid: "alice", name: "Alice" }],
    throttling: false,
    ...options,
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

const local = (port: number, scheme = "http"): string => `${scheme}://127.0.0.1:${port}`;
const asAlice = { app: "demo", credentials: { how: "authKey", uid: "alice", authKey } } as const;
const withToken = (token: string, app = "demo"): DoctorOptions["who"] => ({
  app,
  credentials: { how: "token", token },
});
/** For steps that have to run into their limit: long enough for all the others on a busy machine. */
const short = 2_000;

async function examine(
  url: string,
  more: Partial<DoctorOptions> = {},
  tell: (step: Step) => void = () => {},
): Promise<Report> {
  const report = await doctor(
    {
      url,
      who: undefined,
      timeoutMs: 10_000,
      idleMs: 0,
      heartbeatMs: undefined,
      origin: undefined,
      ca: undefined,
      ...more,
    },
    tell,
    new AbortController().signal,
  );
  if (report === undefined) throw new Error("interrupted");
  return report;
}

const stepOf = (report: Report, name: StepName): Step => {
  const found = report.steps.find((step) => step.name === name);
  if (found === undefined) throw new Error(`no step ${name}`);
  return found;
};

/** The one fault: where, its code, and what the report says around it. */
function faultOf(report: Report): { at: StepName; code: string | undefined; detail: string } {
  expect(report.ok).toBe(false);
  const index = report.steps.findIndex(({ status }) => status === "failed");
  const step = report.steps[index];
  if (step?.status !== "failed") throw new Error("nothing failed");
  expect(step.meaning, "says what it means").toMatch(/\w{3}.*\.$/);
  expect(step.remedy, "says what to do").toMatch(/\w{3}.*\.$/);
  for (const later of report.steps.slice(index + 1)) {
    expect(later).toEqual({ name: later.name, status: "skipped", reason: `${step.name} failed` });
  }
  return { at: step.name, code: step.code, detail: step.detail };
}

const fault = async (
  url: string,
  more?: Partial<DoctorOptions>,
): Promise<{ at: StepName; code: string | undefined; detail: string }> => faultOf(await examine(url, more));

describe("a healthy gateway", () => {
  it("every step is ok and told in order with its time, and the login is undone", async () => {
    const gateway = await startGateway({ heartbeatMs: 500 });
    const told: StepName[] = [];
    const report = await examine(gateway.url, { who: asAlice, idleMs: 2_600 }, ({ name }) => void told.push(name));
    expect(report.steps.filter(({ status }) => status !== "ok")).toEqual([
      { name: "tls", status: "skipped", reason: "the URL says that there is none" },
    ]);
    expect(told).toEqual(report.steps.map(({ name }) => name));
    expect(told).toEqual("url dns tcp tls http ready upgrade subprotocol token roundTrip idle".split(" "));
    expect(report).toMatchObject({ doctor: 1, ok: true, url: gateway.url });
    expect(stepOf(report, "token")).toMatchObject({ facts: { user: "alice", heartbeatMs: 500 } });
    expect(stepOf(report, "roundTrip")).toMatchObject({ facts: { probes: 5 } });
    const { facts } = stepOf(report, "idle") as Extract<Step, { ms: number }>;
    expect(facts?.["pings"]).toBeGreaterThan(0);
    expect(facts?.["lastedMs"]).toBeGreaterThanOrEqual(2_600);
    await expect.poll(() => gateway.stats().connections).toBe(0);
  });

  it("a token that was handed in stays good, and nobody's link is replaced", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    expect((await examine(gateway.url, { who: withToken(token) })).ok).toBe(true);
    // By its own goodbye: nothing ends the link from the gateway's side.
    await expect.poll(() => gateway.stats().connections).toBe(0);
    await expect(gateway.verifyToken(token)).resolves.toMatchObject({ uid: "alice" });
  });

  it("a login that was made is undone with the very token that it gave, also when the link is refused", async () => {
    const seen: string[] = [];
    const port = await site({
      page: (request, response) => {
        if (!request.url?.startsWith("/v1/")) return wellPage(request, response);
        seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`);
        response.end('{"user":{"uid":"alice"},"token":"t-o-k-e-n","expiresInMs":1000}');
      },
      upgrade: linkUpgrade((socket) => socket.on("message", () => socket.close(4401, "t-o-k-e-n"))),
    });
    const report = await examine(local(port), { who: asAlice });
    expect(faultOf(report)).toMatchObject({ at: "token", code: "TOKEN_REJECTED" });
    expect(seen).toEqual(["POST /v1/login ", "POST /v1/logout Bearer t-o-k-e-n"]);
    expect(JSON.stringify(report), "a token that was given is as secret as one that was brought").not.toContain(
      "t-o-k",
    );
  });

  it("over TLS, with the authority that signed for it", async () => {
    const gateway = await startGateway();
    const authority = makeCertificate({ names: ["An own authority"], addresses: [] });
    const port = await tlsBefore(makeCertificate({ by: authority }), gateway.address.port);
    const report = await examine(local(port, "wss"), { who: asAlice, ca: Buffer.from(authority.cert) });
    expect(report.steps.filter(({ status }) => status === "failed")).toEqual([]);
    expect(stepOf(report, "tls")).toMatchObject({ status: "ok", facts: { issuer: "An own authority" } });
    expect(stepOf(report, "token").status).toBe("ok");
  });

  it("without a token the steps before it are tried, and the others say why not", async () => {
    const gateway = await startGateway();
    const report = await examine(`${gateway.wsUrl}`);
    expect(report.ok).toBe(true);
    expect(stepOf(report, "subprotocol").status).toBe("ok");
    for (const name of ["token", "roundTrip", "idle"] as const) {
      expect(stepOf(report, name)).toMatchObject({ status: "skipped", reason: expect.stringContaining("--token") });
    }
  });

  it("a time of quiet that is shorter than the heartbeat proves nothing, and says so", async () => {
    const gateway = await startGateway();
    const report = await examine(gateway.url, { who: asAlice, idleMs: 50 });
    expect(stepOf(report, "idle")).toMatchObject({ status: "warning", code: "IDLE_TOO_SHORT" });
    expect(report.ok).toBe(true);
  });

  it("asks for the heartbeat of a background client, and is told what was granted", async () => {
    const gateway = await startGateway();
    const report = await examine(gateway.url, { who: asAlice, heartbeatMs: 45_000 });
    expect(stepOf(report, "token")).toMatchObject({ facts: { heartbeatMs: 45_000 } });
  });
});

describe("the address", () => {
  it.each([
    "localhost:8080",
    "ftp://127.0.0.1",
    "https://",
    "http://host name/",
    "",
    "http://127.0.0.1/?token=secret-word",
  ])("what is no URL of a gateway is said to be none: %s", async (url) => {
    const report = await examine(url);
    expect(faultOf(report)).toMatchObject({ at: "url", code: "URL_INVALID" });
    expect(JSON.stringify(report)).not.toContain("secret-word");
  });

  it("credentials in the URL are refused and not repeated", async () => {
    const report = await examine("https://alice:secret-word@127.0.0.1:1/");
    expect(faultOf(report)).toMatchObject({ at: "url", code: "URL_INVALID" });
    expect(JSON.stringify(report)).not.toContain("secret-word");
  });

  it.each([
    ["ENOTFOUND", "DNS_UNKNOWN_HOST"],
    ["EAI_AGAIN", "DNS_UNAVAILABLE"],
  ])("a name that the resolver answers with %s", async (system, code) => {
    const lookup = (): Promise<never> => Promise.reject(Object.assign(new Error(system), { code: system }));
    expect(await fault("https://gateway.invalid", { lookup })).toMatchObject({ at: "dns", code });
  });

  it("a resolver that does not answer", async () => {
    const lookup = (): Promise<never> => new Promise(() => {});
    expect(await fault("https://gateway.invalid", { lookup, timeoutMs: 50 })).toMatchObject({
      at: "dns",
      code: "DNS_TIMEOUT",
    });
  });

  it("one of two addresses where nobody listens is a warning, the other is used", async () => {
    const gateway = await startGateway();
    const lookup = async () => [{ address: "127.0.0.2" }, { address: "127.0.0.1" }];
    const report = await examine(`http://gateway.invalid:${gateway.address.port}`, { lookup });
    expect(stepOf(report, "tcp")).toMatchObject({
      status: "warning",
      code: "TCP_SOME_REFUSED",
      facts: { address: "127.0.0.1", failed: { "127.0.0.2": "ECONNREFUSED" } },
    });
    expect(stepOf(report, "subprotocol").status).toBe("ok");
  });
});

describe("the port", () => {
  it("where nobody listens", async () => {
    expect(await fault(local(await closedPort()))).toMatchObject({ at: "tcp", code: "TCP_REFUSED" });
  });

  it("that swallows everything", async () => {
    const found = await fault(local(await swallowingPort()), { timeoutMs: short });
    expect(found).toMatchObject({ at: "tcp", code: "TCP_TIMEOUT" });
  });
});

describe("TLS", () => {
  const day = 86_400_000;
  const authority = makeCertificate({ names: ["An own authority"], addresses: [] });
  const trusted = { ca: Buffer.from(authority.cert) };

  it("https:// on a port of plain HTTP", async () => {
    const gateway = await startGateway();
    expect(await fault(local(gateway.address.port, "https"))).toMatchObject({ at: "tls", code: "TLS_NOT_TLS" });
  });

  it("http:// on a port of TLS, whatever its certificate", async () => {
    const port = await tlsBefore(makeCertificate(), await closedPort());
    expect(await fault(local(port))).toMatchObject({ at: "http", code: "HTTP_IS_TLS" });
  });

  it("a port that takes connections and says nothing", async () => {
    const port = await tcpServer(() => {});
    expect(await fault(local(port, "https"), { timeoutMs: short })).toMatchObject({ at: "tls", code: "TLS_TIMEOUT" });
  });

  it("a port that breaks the handshake off", async () => {
    const port = await tcpServer((socket) => socket.once("data", () => socket.destroy()));
    expect(await fault(local(port, "https"))).toMatchObject({ at: "tls", code: "TLS_FAILED" });
  });

  it.each([
    ["signed by itself", "TLS_SELF_SIGNED", {}, {}],
    ["of an authority that nobody knows", "TLS_UNKNOWN_AUTHORITY", { by: authority }, {}],
    ["that has ended", "TLS_EXPIRED", { by: authority, from: 0, to: day }, trusted],
    ["that is not good yet", "TLS_NOT_YET_VALID", { by: authority, from: Date.now() + day }, trusted],
    ["for another name", "TLS_WRONG_NAME", { by: authority, names: ["other.example"], addresses: [] }, trusted],
  ])("a certificate %s", async (_what, code, wanted, more) => {
    const port = await tlsBefore(makeCertificate(wanted), await closedPort());
    expect(await fault(local(port, "https"), more)).toMatchObject({ at: "tls", code });
  });

  it("a certificate that ends within two weeks is a warning", async () => {
    const gateway = await startGateway();
    const port = await tlsBefore(makeCertificate({ by: authority, to: Date.now() + 3.5 * day }), gateway.address.port);
    const report = await examine(local(port, "https"), trusted);
    expect(stepOf(report, "tls")).toMatchObject({ status: "warning", code: "TLS_ENDS_SOON" });
    expect(stepOf(report, "subprotocol").status).toBe("ok");
  });
});

describe("HTTP", () => {
  it("another service that speaks first", async () => {
    const port = await tcpServer((socket) => void socket.write("SSH-2.0-Server\r\n"));
    expect(await fault(local(port))).toMatchObject({ at: "http", code: "HTTP_NOT_HTTP" });
  });

  it("a connection that is closed without an answer", async () => {
    const port = await tcpServer((socket) => socket.once("data", () => socket.destroy()));
    expect(await fault(local(port))).toMatchObject({ at: "http", code: "HTTP_CLOSED" });
  });

  it("a server that never answers", async () => {
    const port = await site({ page: () => {} });
    expect(await fault(local(port), { timeoutMs: short })).toMatchObject({ at: "http", code: "HTTP_TIMEOUT" });
  });

  it("a redirect, which WebSocket clients do not follow", async () => {
    const port = await site({
      page: (_request, response) => response.writeHead(301, { location: "https://b.example/" }).end(),
    });
    const found = await fault(local(port));
    expect(found).toMatchObject({ at: "http", code: "HTTP_REDIRECTED" });
    expect(found.detail).toContain("https://b.example/");
  });

  it("a proxy without a gateway behind it", async () => {
    const port = await site({ page: (_request, response) => response.writeHead(502).end("Bad Gateway") });
    expect(await fault(local(port))).toMatchObject({ at: "http", code: "HTTP_UNAVAILABLE" });
  });

  it.each([
    [404, "HTTP_NOT_A_GATEWAY"],
    [401, "HTTP_BARRED"],
  ])("a /healthz answered with %s is a warning: the upgrade decides", async (status, code) => {
    const port = await site({ page: (_request, response) => response.writeHead(status).end("<html>") });
    const report = await examine(local(port));
    expect(stepOf(report, "http")).toMatchObject({ status: "warning", code });
    expect(stepOf(report, "ready")).toMatchObject({ status: "warning", code: "READY_UNKNOWN" });
    expect(faultOf(report).at).toBe("upgrade");
  });

  it("a gateway that drains", async () => {
    const gateway = await startGateway();
    void gateway.drain({ waitMs: 0 });
    expect(await fault(gateway.url)).toMatchObject({ at: "ready", code: "GATEWAY_DRAINING" });
  });

  it("a gateway that is not ready", async () => {
    const port = await site({
      page: (request, response) => {
        if (request.url === "/healthz") return wellPage(request, response);
        response.writeHead(503).end('{"ready":false,"draining":false,"linked":0}');
      },
    });
    expect(await fault(local(port))).toMatchObject({ at: "ready", code: "GATEWAY_NOT_READY" });
  });
});

describe("the upgrade", () => {
  it("a proxy that takes Upgrade out, before a real gateway (426)", async () => {
    const gateway = await startGateway();
    const found = await fault(local(await plainProxy(gateway.address.port)));
    expect(found).toMatchObject({ at: "upgrade", code: "UPGRADE_STRIPPED" });
    expect(found.detail).toContain("426 ERR_UPGRADE_REQUIRED");
  });

  const answering = (head: string): Promise<number> => site({ upgrade: (_request, socket) => void socket.end(head) });
  const refusal = (status: string, body = "", more = ""): string =>
    `HTTP/1.1 ${status}\r\n${more}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;

  it.each([
    ["200 OK", "UPGRADE_STRIPPED"],
    ["400 Bad Request", "UPGRADE_STRIPPED"],
    ["426 Upgrade Required", "UPGRADE_STRIPPED"],
    ["403 Forbidden", "UPGRADE_REFUSED"],
    ["404 Not Found", "UPGRADE_NOT_FOUND"],
    ["503 Service Unavailable", "UPGRADE_UNAVAILABLE"],
    ["302 Found", "HTTP_REDIRECTED"],
  ])("answered with %s", async (status, code) => {
    expect(await fault(local(await answering(refusal(status))))).toMatchObject({ at: "upgrade", code });
  });

  it("a closing gateway names its code and when to come back", async () => {
    const body = '{"error":{"code":"ERR_SERVER_OVERLOADED","message":"the gateway is closing"}}';
    const port = await answering(refusal("503 Service Unavailable", body, "retry-after: 7\r\n"));
    const found = await fault(local(port));
    expect(found).toMatchObject({ at: "upgrade", code: "UPGRADE_UNAVAILABLE" });
    expect(found.detail).toBe("HTTP 503 ERR_SERVER_OVERLOADED: the gateway is closing; Retry-After: 7");
  });

  it("an origin that the gateway does not know, and one that it knows", async () => {
    const gateway = await startGateway({ origins: ["https://app.example"] });
    expect(await fault(gateway.url, { origin: "https://evil.example" })).toMatchObject({
      at: "upgrade",
      code: "UPGRADE_ORIGIN",
    });
    expect((await examine(gateway.url, { origin: "https://app.example" })).ok).toBe(true);
  });

  it("an address that has as many sockets as the gateway takes from one", async () => {
    const gateway = await startGateway({ limits: { connectionsPerAddress: 1 } });
    const other = new WebSocket(gateway.wsUrl, "cc.1");
    onTestFinished(() => other.terminate());
    await new Promise((resolve) => other.once("open", resolve));
    const found = await fault(gateway.url);
    expect(found).toMatchObject({ at: "upgrade", code: "UPGRADE_LIMITED" });
    expect(found.detail).toContain("429 ERR_RATE_LIMITED");
  });

  it("a path prefix that is not there", async () => {
    const gateway = await startGateway();
    const report = await examine(`${gateway.url}/chat`);
    expect(stepOf(report, "http")).toMatchObject({ status: "warning", code: "HTTP_NOT_A_GATEWAY" });
    expect(faultOf(report)).toMatchObject({ at: "upgrade", code: "UPGRADE_NOT_FOUND" });
  });

  it("swallowed", async () => {
    const port = await site({ upgrade: () => {} });
    expect(await fault(local(port), { timeoutMs: short })).toMatchObject({ at: "upgrade", code: "UPGRADE_TIMEOUT" });
  });

  it("cut", async () => {
    const port = await site({ upgrade: (_request, socket) => void socket.destroy() });
    expect(await fault(local(port))).toMatchObject({ at: "upgrade", code: "UPGRADE_CLOSED" });
  });

  const switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";

  it("a 101 that answers somebody else's key", async () => {
    const port = await answering(`${switching}sec-websocket-accept: from-a-cache\r\n\r\n`);
    expect(await fault(local(port))).toMatchObject({ at: "upgrade", code: "UPGRADE_BROKEN" });
  });

  it("no subprotocol chosen", async () => {
    const report = await examine(
      local(
        await linkSite(
          () => {},
          () => false,
        ),
      ),
    );
    expect(stepOf(report, "upgrade").status).toBe("ok");
    expect(faultOf(report)).toMatchObject({ at: "subprotocol", code: "SUBPROTOCOL_NONE" });
  });

  it("another subprotocol chosen", async () => {
    const port = await linkSite(
      () => {},
      () => "mqtt",
    );
    const found = await fault(local(port));
    expect(found).toMatchObject({ at: "subprotocol", code: "SUBPROTOCOL_WRONG" });
    expect(found.detail).toContain("mqtt");
  });
});

describe("the token", () => {
  const refused = async (
    gateway: Gateway,
    token: string,
    app?: string,
  ): Promise<{ at: StepName; code: string | undefined; detail: string }> => {
    const report = await examine(gateway.url, { who: withToken(token, app) });
    if (token !== "") expect(JSON.stringify(report), "the token is nowhere").not.toContain(token);
    return faultOf(report);
  };

  it("garbled", async () => {
    const found = await refused(await startGateway(), "not-a-token");
    expect(found).toMatchObject({ at: "token", code: "TOKEN_REJECTED" });
    expect(found.detail).toContain("not a token");
  });

  it("signed with another secret", async () => {
    const other = await startGateway({ jwtSecret: "another-secret-of-32-bytes-or-more!" });
    const { token } = await other.mintToken("alice");
    const found = await refused(await startGateway(), token);
    expect(found).toMatchObject({ at: "token", code: "TOKEN_REJECTED" });
    expect(found.detail).toContain("not signed");
  });

  it("expired", async () => {
    let ahead = 0;
    const after = (ms: number, fn: () => void): (() => void) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    };
    const clock = { now: () => performance.now(), wall: () => Date.now() + ahead, after };
    const gateway = await startGateway({ clock });
    const { token } = await gateway.mintToken("alice", { ttlMs: 60_000 });
    ahead = 61_000;
    const found = await refused(gateway, token);
    expect(found).toMatchObject({ at: "token", code: "TOKEN_REJECTED" });
    expect(found.detail).toContain("expired");
  });

  it("revoked", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    gateway.revokeUser("alice");
    const found = await refused(gateway, token);
    expect(found).toMatchObject({ at: "token", code: "TOKEN_REJECTED" });
    expect(found.detail).toContain("revoked");
  });

  it("of another app", async () => {
    const other = await startGateway({ appId: "other" });
    const { token } = await other.mintToken("alice");
    const found = await refused(await startGateway(), token);
    expect(found).toMatchObject({ at: "token", code: "TOKEN_FORBIDDEN" });
    expect(found.detail).toContain("another app");
  });

  it("presented for another app than the gateway's", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    expect(await refused(gateway, token, "other")).toMatchObject({ at: "token", code: "TOKEN_FORBIDDEN" });
  });

  it("a gateway that asks to come later, and when", async () => {
    const reject = {
      t: "reject",
      code: "ERR_SERVER_OVERLOADED",
      message: "full",
      retry: "later",
      minDelayMs: 500,
      spreadMs: 1000,
    };
    const port = await linkSite((socket) => socket.on("message", () => socket.send(JSON.stringify(reject))));
    const found = await fault(local(port), { who: withToken("t-o-k-e-n") });
    expect(found).toMatchObject({ at: "token", code: "GATEWAY_OVERLOADED" });
    expect(found.detail).toContain("500 to 1500 ms");
  });

  it.each([
    ["ERR_PROTOCOL", "NOT_CC1"],
    ["ERR_CONNECT_TIMEOUT", "HANDSHAKE_TIMEOUT"],
  ])("a refusal with %s is no overload", async (refusal, code) => {
    const reject = { t: "reject", code: refusal, message: "no", retry: "later", minDelayMs: 0, spreadMs: 0 };
    const port = await linkSite((socket) => socket.on("message", () => socket.send(JSON.stringify(reject))));
    expect(await fault(local(port), { who: withToken("t") })).toMatchObject({ at: "token", code });
  });

  it("repeated by a server in its refusal is concealed", async () => {
    const port = await linkSite((socket) => socket.on("message", () => socket.close(4401, "no good: t-o-k-e-n")));
    const report = await examine(local(port), { who: withToken("t-o-k-e-n") });
    expect(faultOf(report)).toMatchObject({ code: "TOKEN_REJECTED", detail: "closed with 4401, no good: [secret]" });
    expect(JSON.stringify(report)).not.toContain("t-o-k-e-n");
  });

  it("echoed by another kind of server, in a long message, is concealed to the last letter", async () => {
    const token = "0123456789".repeat(50);
    const port = await linkSite((socket) => socket.on("message", (data) => socket.send(`echo: ${String(data)}`)));
    const report = await examine(local(port), { who: withToken(token) });
    expect(faultOf(report)).toMatchObject({ at: "token", code: "NOT_CC1" });
    expect(JSON.stringify(report)).not.toContain("0123456789");
  });

  it.each([
    ["silent after the upgrade", () => {}, "SILENT", short],
    ["another protocol", (socket: { send(text: string): void }) => socket.send("hello!"), "NOT_CC1", 10_000],
    [
      "a greeting with nothing in it",
      (socket: { send(text: string): void }) => socket.send('{"t":"welcome"}'),
      "NOT_CC1",
      10_000,
    ],
    [
      "a refusal with nothing in it",
      (socket: { send(text: string): void }) => socket.send('{"t":"reject"}'),
      "NOT_CC1",
      10_000,
    ],
    ["a binary greeting", (socket: { send(data: Buffer): void }) => socket.send(Buffer.from([1])), "NOT_CC1", 10_000],
    ["closed at once", (socket: { close(code: number): void }) => socket.close(4408), "HANDSHAKE_TIMEOUT", 10_000],
    ["cut at once", (socket: { terminate(): void }) => socket.terminate(), "LINK_CUT", 10_000],
    [
      "closed with a code of its own",
      (socket: { close(code: number): void }) => socket.close(4999),
      "LINK_CLOSED",
      10_000,
    ],
  ])("a server that is %s", async (_what, take, code, timeoutMs) => {
    const port = await linkSite(take as never);
    expect(await fault(local(port), { who: withToken("t"), timeoutMs })).toMatchObject({ at: "token", code });
  });

  it.each([
    ["a wrong key", { uid: "alice", authKey: "not-the-key" }, {}, "LOGIN_REFUSED"],
    ["a user who is unknown", { uid: "nobody", authKey }, {}, "LOGIN_UNKNOWN_USER"],
    ["a gateway without login by key", { uid: "alice", authKey }, { authKey: undefined }, "LOGIN_DISABLED"],
  ])("a login with %s", async (_what, login, options, code) => {
    const gateway = await startGateway(options);
    const report = await examine(gateway.url, { who: { app: "demo", credentials: { how: "authKey", ...login } } });
    expect(faultOf(report)).toMatchObject({ at: "token", code });
    expect(JSON.stringify(report)).not.toContain(login.authKey);
  });

  it.each(["null", "[]", '{"token":7}', "<p>Welcome</p>"])("a login that is answered by %s", async (body) => {
    const port = await site({
      page: (incoming, response) => (incoming.url === "/v1/login" ? response.end(body) : wellPage(incoming, response)),
      upgrade: linkUpgrade(() => {}),
    });
    expect(await fault(local(port), { who: asAlice })).toMatchObject({ at: "token", code: "LOGIN_FAILED" });
  });

  it("one that ends within a minute is a warning", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice", { ttlMs: 30_000 });
    const report = await examine(gateway.url, { who: withToken(token) });
    expect(stepOf(report, "token")).toMatchObject({ status: "warning", code: "TOKEN_ENDS_SOON" });
  });
});

describe("what is no fault, or another one", () => {
  it("/readyz answered 503 by something that is no gateway is not told as the gateway's state", async () => {
    const port = await site({
      page: (_request, response) => response.writeHead(503).end("maintenance"),
      upgrade: linkUpgrade(() => {}),
    });
    const wellElsewhere = await site({
      page: (incoming, response) =>
        incoming.url === "/readyz" ? response.writeHead(503).end("<p>No</p>") : wellPage(incoming, response),
      upgrade: linkUpgrade(() => {}),
    });
    expect(await fault(local(port))).toMatchObject({ at: "http", code: "HTTP_UNAVAILABLE" });
    const report = await examine(local(wellElsewhere));
    expect(stepOf(report, "ready")).toMatchObject({ status: "warning", code: "READY_UNKNOWN" });
    expect(report.ok).toBe(true);
  });

  it("a gateway that wants a client certificate is told as that", async () => {
    const own = makeCertificate();
    const gateway = await startGateway({ tls: { key: own.key, cert: own.cert, ca: makeCertificate().cert } });
    const found = await fault(gateway.url, { ca: Buffer.from(own.cert) });
    expect(found).toMatchObject({ code: "TLS_CLIENT_CERTIFICATE" });
  });
});

describe("the link", () => {
  it("probes that nobody answers", async () => {
    const gateway = await startGateway();
    const proxy = await createFaultProxy({ target: gateway.address });
    onTestFinished(() => proxy.close());
    const report = await examine(proxy.url("http"), { who: asAlice, timeoutMs: short }, ({ name }) => {
      if (name === "token") proxy.blackhole(true);
    });
    expect(faultOf(report)).toMatchObject({ at: "roundTrip", code: "LINK_DEAD" });
  });

  it("a long way there and back is measured, and a warning", async () => {
    const gateway = await startGateway();
    const proxy = await createFaultProxy({ target: gateway.address });
    onTestFinished(() => proxy.close());
    const report = await examine(proxy.url("http"), { who: asAlice }, ({ name }) => {
      if (name === "token") proxy.delay(800, "toClient");
    });
    const step = stepOf(report, "roundTrip");
    expect(step).toMatchObject({ status: "warning", code: "ROUND_TRIP_SLOW" });
    expect((step as Extract<Step, { ms: number }>).facts?.["minMs"]).toBeGreaterThanOrEqual(800);
  });

  it("a proxy that cuts quiet links, and how long it lasted", async () => {
    const gateway = await startGateway();
    const port = await impatientProxy(gateway.address.port, 2_000);
    const report = await examine(local(port), { who: asAlice, idleMs: 20_000 });
    const found = faultOf(report);
    expect(found).toMatchObject({ at: "idle", code: "LINK_CUT" });
    expect(found.detail).toMatch(/^closed with 1006 after \d+(\.\d)? s of quiet$/);
    const { facts } = stepOf(report, "idle") as Extract<Step, { ms: number }>;
    expect(facts?.["lastedMs"]).toBeGreaterThan(0);
    expect(facts?.["lastedMs"]).toBeLessThan(20_000);
  });

  it("a firewall that forgets quiet links without a word", async () => {
    const gateway = await startGateway();
    const proxy = await createFaultProxy({ target: gateway.address });
    onTestFinished(() => proxy.close());
    const report = await examine(proxy.url("http"), { who: asAlice, idleMs: 300, timeoutMs: short }, ({ name }) => {
      if (name === "roundTrip") proxy.blackhole(true);
    });
    expect(faultOf(report)).toMatchObject({ at: "idle", code: "LINK_DEAD" });
  });

  it("a token that is revoked in the meantime", async () => {
    const gateway = await startGateway();
    const report = await examine(gateway.url, { who: asAlice, idleMs: 20_000 }, ({ name }) => {
      if (name === "roundTrip") gateway.revokeUser("alice");
    });
    expect(faultOf(report)).toMatchObject({ at: "idle", code: "TOKEN_REJECTED" });
  });

  it("a gateway that goes away in the meantime", async () => {
    const gateway = await startGateway();
    const report = await examine(gateway.url, { who: asAlice, idleMs: 20_000 }, ({ name }) => {
      if (name === "roundTrip") void gateway.close();
    });
    expect(faultOf(report)).toMatchObject({ at: "idle", code: "GATEWAY_OVERLOADED" });
  });
});

describe("the program", async () => {
  const cli = await builtProgram(new URL("../../apps/terminal/src/cli.ts", import.meta.url));

  it("prints a line for each step, plain where there is no terminal, and exits 0", async () => {
    const gateway = await startGateway();
    const args = ["doctor", gateway.url, "--app", "demo", "--uid", "alice", "--auth-key", authKey, "--idle", "0"];
    const { code, stdout, stderr } = await startProgram(cli, { args }).ended();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toMatch(/\u001b/);
    expect(stdout).not.toContain(authKey);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^url +ok +[\d.]+ ms {2}127\.0\.0\.1 port \d+, no TLS, \/v1\/connect$/);
    expect(lines.at(-2)).toBe("idle        skipped            --idle 0");
    expect(lines.at(-1)).toBe("No fault found; not tried: idle.");
  });

  it("a fault: what it means, what to do, exit 1", async () => {
    const { code, stdout } = await startProgram(cli, { args: ["doctor", local(await closedPort())] }).ended();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /\ntcp +failed +[\d.]+ ms {2}ECONNREFUSED 127\.0\.0\.1 port \d+\n +what it means \[TCP_REFUSED\]: .+\n +what to do: .+\n/,
    );
    expect(stdout).toMatch(/\nFault at tcp\.\n$/);
  });

  it("--json is one versioned document; the token comes from standard input and is not repeated", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    const args = ["doctor", gateway.url, "--app", "demo", "--token", "-", "--idle", "0", "--json"];
    const program = startProgram(cli, { args });
    program.process.stdin.end(`${token}\n`);
    const { code, stdout, stderr } = await program.ended();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toContain(token);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ doctor: 1, ok: true });
    expect(stepOf(report, "token")).toMatchObject({ status: "ok", facts: { user: "alice" } });
  });

  it("a token in the environment is used; without --app it is left alone", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    process.env["CC_TOKEN"] = token;
    onTestFinished(() => void delete process.env["CC_TOKEN"]);
    const run = async (...more: string[]): Promise<Report> =>
      JSON.parse(
        (await startProgram(cli, { args: ["doctor", gateway.url, "--idle", "0", "--json", ...more] }).ended()).stdout,
      ) as Report;
    const [used, left] = await Promise.all([run("--app", "demo"), run()]);
    expect(stepOf(used, "token").status).toBe("ok");
    expect(stepOf(left, "token").status).toBe("skipped");
  });

  it("Ctrl-C ends it with 130, and the login is undone", async () => {
    const gateway = await startGateway();
    const args = ["doctor", gateway.url, "--app", "demo", "--uid", "alice", "--auth-key", authKey, "--idle", "60"];
    const program = startProgram(cli, { args });
    await program.line((line) => line.startsWith("roundTrip"));
    program.process.kill("SIGINT");
    const { code, stderr } = await program.ended();
    expect([code, stderr]).toEqual([130, "cc-connection: interrupted\n"]);
    await expect.poll(() => gateway.stats().connections).toBe(0);
  });

  it.each([
    ["no URL", ["doctor"]],
    ["a uid without an app", ["doctor", "http://127.0.0.1:1", "--uid", "alice", "--auth-key", "k"]],
    ["a time that is none", ["doctor", "http://127.0.0.1:1", "--idle", "soon"]],
    ["an authority that cannot be read", ["doctor", "https://127.0.0.1:1", "--ca", "/no/such/file"]],
  ])("wrong options are one line on standard error and exit 2: %s", async (_what, args) => {
    const { code, stdout, stderr } = await startProgram(cli, { args }).ended();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^cc-connection: [^\n]+\n$/);
  });
});
