/** What the playground shows of a connection, and what can be done with a client there. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrace, replay, statusesTold } from "@cc/testkit/trace";
import { describe, expect, it, onTestFinished } from "vitest";
import { bundle } from "../support/bundle.js";
import { openPlayground } from "./playground-rig.js";

const play = openPlayground();
const { press, becomes, shows, told, lit, snapshot, logIn, say, choose } = play;
const text = (selector: string): Promise<string> => play.page.$eval(selector, (element) => element.textContent ?? "");

describe("the playground", () => {
  it("[B10.3] two users log in, and what one sends the other sees, also after a cut and while he was away", async () => {
    await logIn("left", "right");
    await say("left", "Hello, Bob");
    await shows("[data-seat=right] .thread ol", "Hello, Bob");

    await press("right", "Refuse");
    await press("right", "Cut");
    await becomes("right", "disconnected");
    await told("right", "linkLost");
    await say("left", "Are you there?");
    await shows("[data-seat=left] .thread ol", "Are you there?#");
    await press("right", "Refuse");
    await becomes("right", "connected");
    await shows("[data-seat=right] .thread ol", "Are you there?");
    await told("right", "session resumed");
    expect(await snapshot("right", "recovery")).toBe("resumed");
    const seen = await play.page.$$eval("[data-seat=right] .thread li .text", (all) => all.map((e) => e.textContent));
    expect(seen, "each message once").toEqual(["Hello, Bob", "Are you there?"]);
  });

  it("[B1.3] the diagram lights the state it is in and the way it came, in words too", async () => {
    const words = (): Promise<string> => text("[data-seat=left] figcaption");
    await lit("left", "idle");
    expect(await words()).toMatch(/^State: idle\. .*From here it can go to waiting \(wanted\), dialing \(connect\)\.$/);
    await logIn("left");
    await lit("left", "connected");
    expect(await words()).toContain("State: linked, connected.");
    expect(await words()).toContain("It came from dialing: welcome.");
    await press("left", "Refuse");
    await press("left", "Cut");
    await lit("left", "waiting");
    await shows("[data-seat=left] figcaption", "It came from dialing: failed.");
    expect(await play.page.$$eval("[data-seat=left] [data-node][data-lit]", (all) => all.length)).toBe(1);
    expect(await text("[data-seat=left] .edge[data-taken] text")).toBe("failed");
    await press("left", "disconnect");
    await lit("left", "idle");
    expect(await text("[data-seat=left] .edge[data-taken] text")).toBe("off");
  });

  it("[B1.8] while it waits, it says why, counts down to the next attempt, what the user can do, and what the error means", async () => {
    await logIn("left");
    await press("left", "Refuse");
    await press("left", "Cut");
    await shows("[data-seat=left] .why", "The last attempt failed.");
    await play.page.waitForFunction(() =>
      /Next attempt\d+\.\d s/.test(document.querySelector("[data-seat=left] .timers")?.textContent ?? ""),
    );
    await shows("[data-seat=left] .explain", "Wait, or try again.");
    await shows("[data-seat=left] .error", "ERR_WEBSOCKET_ERROR");
    await shows("[data-seat=left] .error", "Check the network connectivity");
    await shows("[data-seat=left] .outage", "No connection for ");
    expect(await snapshot("left", "reason")).toMatch(/attemptFailed|retry/);
  });

  it("the flight recorder's trace is a download, which replays to what was seen, also after dispose()", async () => {
    const folder = mkdtempSync(join(tmpdir(), "cc-trace-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const session = await play.browser.target().createCDPSession();
    // Each test's page has a context of its own, with its own settings of downloads.
    const browserContextId = play.page.browserContext().id;
    await session.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: folder,
      ...(browserContextId && { browserContextId }),
    });
    await logIn("left");
    await press("left", "Cut");
    await told("left", "session resumed");
    await press("left", "dispose");
    await press("left", "Download trace");
    await told("left", "trace() resolved");
    // A download in progress has another name.
    const file = join(folder, "trace-left.json");
    await expect.poll(() => existsSync(file), { timeout: 60_000 }).toBe(true);
    const run = replay(parseTrace(readFileSync(file, "utf8")));
    expect(run.difference).toBeUndefined();
    expect(statusesTold(run).slice(0, 4)).toEqual(["connecting", "connected", "disconnected", "connecting"]);
    expect(statusesTold(run).at(-1)).toBe("connected");
  });

  it("the plot tells in words what it draws, and draws it", async () => {
    await logIn("left");
    await press("left", "Cut");
    await told("left", "session resumed");
    await play.page.waitForFunction(() =>
      /connected \d+ s.*; 1 fault, 3 calls, 1 error, 3 events\.$/.test(
        document.querySelector("[data-seat=left] .plot [role=img]")?.getAttribute("aria-label") ?? "",
      ),
    );
    const colours = (): Promise<string[]> =>
      play.page.$eval("[data-seat=left] .plot canvas", (canvas) => {
        const { data } = (canvas as HTMLCanvasElement)
          .getContext("2d")
          ?.getImageData(0, 0, (canvas as HTMLCanvasElement).width, (canvas as HTMLCanvasElement).height) ?? {
          data: [],
        };
        const seen = new Set<string>();
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3] === 255) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
        return [...seen];
      });
    // A band grows by four pixels a second, and what is narrower than one is paler.
    await expect.poll(colours, { timeout: 30_000, message: "the band of `connected`" }).toContain("15,112,72");
    expect(await colours(), "the dot of the fault").toContain("168,66,15");
  });

  it("[B4.1] [B4.4] in manual mode nothing connects by itself; the background shows its lease, and ping() renews it", async () => {
    await logIn("left");
    await press("left", "manual");
    await becomes("left", "disconnected");
    await shows("[data-seat=left] .why", "Manual mode");
    await press("left", "connect");
    await becomes("left", "connected");
    await press("left", "Background");
    await play.page.waitForFunction(() =>
      /Lease\d\d\.\d s/.test(document.querySelector("[data-seat=left] .timers")?.textContent ?? ""),
    );
    await press("left", "ping");
    await play.page.waitForFunction(() =>
      /lease for (30\.0|29\.\d) s/.test(document.querySelector("[data-seat=left] .stream ol")?.textContent ?? ""),
    );
    await press("left", "Background");
    expect(await snapshot("left", "mode")).toBe("manual");
  });

  it("[B3.2] in auto mode the background disconnects and the foreground connects; with keep the link stays", async () => {
    await logIn("left");
    await press("left", "Background");
    await becomes("left", "disconnected");
    await press("left", "Background");
    await becomes("left", "connected");
    await press("left", "keep");
    await told("left", "init(…)");
    await becomes("left", "connected");
    await press("left", "Background");
    await shows("[data-seat=left] .snapshot", "appbackground");
    expect(await snapshot("left", "status")).toBe("connected");
    expect(await snapshot("left", "background")).toBe("keep");
  });

  it("every call of the contract has its button, and its outcome is in the event stream", async () => {
    await press("left", "connect");
    await told("left", "connect() rejected: ERR_NOT_LOGGED_IN");
    await logIn("left");
    await press("left", "connect");
    await told("left", "connect() resolved was connected already");
    await press("left", "ping");
    await told("left", "ping() rejected: ERROR_PING_NOT_AVAILABLE");
    await press("left", "checkNow");
    await told("left", "checkNow() resolved linked, round trip");
    await press("left", "reconnect");
    await told("left", "reconnectCalled");
    await press("left", "Typing");
    await told("left", "send() resolved acknowledged as #0");
    await press("left", "Presence");
    await told("left", "dropped, or on its way");
    await press("left", "disconnect");
    await becomes("left", "disconnected");
    await press("left", "Log out");
    await told("left", "logout() resolved the server forgot the token");
  });

  it("[B1.9] after dispose() the client is silent, and a new one goes on with the stored session", async () => {
    await logIn("left");
    await press("left", "dispose");
    await becomes("left", "disposed");
    await told("left", "dispose() resolved");
    expect(await play.page.$eval("[data-seat=left] .why", (e) => e.textContent)).toContain("dispose() was called");
    await press("left", "New client");
    await becomes("left", "connected");
    await shows("[data-seat=left] h2", "Alice");
  });

  it("the event stream is filtered by kind and by words, and paused", async () => {
    await logIn("left");
    const rows = (): Promise<(string | undefined)[]> =>
      play.page.$$eval("[data-seat=left] .stream ol li", (all) => all.map((li) => li.dataset["kind"]));
    await told("left", "session new");
    expect(new Set(await rows())).toEqual(new Set(["status", "session", "call"]));
    await press("left", "status");
    expect(new Set(await rows())).toEqual(new Set(["session", "call"]));
    await choose("left", "Filter events", "LOGIN");
    await play.page.waitForFunction(() => document.querySelectorAll("[data-seat=left] .stream ol li").length === 2);
    await play.page.focus("[data-seat=left] [type=search]");
    for (let i = 0; i < 5; i += 1) await play.page.keyboard.press("Backspace");
    await press("left", "Pause");
    const before = (await rows()).length;
    await press("left", "checkNow");
    await shows("[data-seat=left] .filters", "2 new");
    expect((await rows()).length).toBe(before);
    await play.page.locator('[data-seat=left] ::-p-aria([name="Pause 2 new"])').click();
    await told("left", "checkNow() resolved");
  });

  it("the code that is shown is copied, and it runs: it logs in, connects, and has sent what the seat has sent", async () => {
    await logIn("left");
    await say("left", "from the page");
    await told("left", "acknowledged as");
    await play.page.locator('[data-seat=left] ::-p-aria([name="Code"][role="tab"])').click();
    await play.browser
      .defaultBrowserContext()
      .overridePermissions(new URL(play.url).origin, ["clipboard-read"])
      .catch(() => {});
    await play.page.evaluate(() => {
      navigator.clipboard.writeText = async (copied) => void Object.assign(globalThis, { copied });
    });
    await press("left", "Copy code");
    await shows("[data-seat=left] .code [role=status]", "Copied");
    const code = await play.page.evaluate(() => (globalThis as { copied?: string }).copied ?? "");
    expect(code).toContain('await client.login("alice", ');
    expect(code).toContain('await client.send("user:bob", "message", { text: "from the page" });');
    expect(code).toContain("{ autoEstablishSocketConnection: true }");

    await logIn("right");
    const other = await play.page.browserContext().newPage();
    await other.goto(`${play.url}config.json`);
    const logged: string[] = [];
    other.on("console", (message) => logged.push(message.text()));
    await other.evaluate(`import("data:text/javascript;base64,${Buffer.from(await bundle(code)).toString("base64")}")`);
    await expect.poll(() => logged.join("\n"), { timeout: 30_000 }).toContain("connected The server has welcomed");
    await play.page.bringToFront();
    await play.page.waitForFunction(() => document.querySelectorAll("[data-seat=right] .thread li .text").length === 1);
  });

  it("a session outlives a reload of the page", async () => {
    await logIn("left");
    await play.page.reload();
    await becomes("left", "connected");
    await shows("[data-seat=left] h2", "Alice");
    await shows("[data-seat=right] h2", "Nobody logged in");
  });

  it("it lives on one port: nothing that a page opens goes elsewhere, under another name and port too", async () => {
    const asked = new Set<string>();
    const session = await play.page.createCDPSession();
    await session.send("Network.enable");
    session.on("Network.webSocketCreated", ({ url }) => void asked.add(new URL(url).host));
    session.on("Network.requestWillBeSent", ({ request }) => void asked.add(new URL(request.url).host));
    const forwarded = play.url.replace("127.0.0.1", "localhost");
    await play.page.goto(forwarded);
    await logIn("left");
    expect(asked).toEqual(new Set([new URL(forwarded).host]));
  });
});
