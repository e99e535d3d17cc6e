/** Every fault of the playground at a click: what it does is seen on the page, and ending it is seen too. */
import { describe, expect, it } from "vitest";
import { openPlayground, publishTo } from "./playground-rig.js";

const play = openPlayground();
const { press, becomes, shows, told, lit, snapshot, logIn, choose } = play;

describe("faults on the network", () => {
  it("[B1.4] Cut: the link is lost and comes back, resumed", async () => {
    await logIn("left");
    await press("left", "Cut");
    await told("left", "linkLost");
    await told("left", "session resumed");
    await becomes("left", "connected");
  });

  it("[B6.1] Half-open: nobody tells the client; asked for, the probe is lit, goes unanswered, and another link is dialled", async () => {
    await logIn("left");
    await press("left", "Half-open");
    await told("left", "nobody says so");
    expect(await snapshot("left", "status")).toBe("connected");
    await press("left", "checkNow");
    await lit("left", "probing");
    await told("left", "probeFailed");
    await told("left", "session resumed");
    expect(await play.page.$("[data-seat=left] [data-node=probing][data-lit]")).toBeNull();
  });

  it("[B6.1] Black hole: no byte passes, until it is ended", async () => {
    await logIn("left");
    await press("left", "Black hole");
    await press("left", "checkNow");
    await told("left", "probeFailed");
    await lit("left", "transport");
    await press("left", "Black hole");
    await becomes("left", "connected");
  });

  it("[B10.3] Deaf: nothing arrives, and what was held back arrives once when it is ended", async () => {
    await logIn("left");
    await press("left", "Deaf");
    await shows("[data-seat=left] [aria-pressed=true].fault", "Deaf");
    await publishTo(play, "alice", "through the wall");
    expect(await play.page.$$("[data-seat=left] .thread li .text")).toHaveLength(0);
    await press("left", "Deaf");
    await shows("[data-seat=left] .thread ol", "through the wall");
    expect(await play.page.$$("[data-seat=left] .thread li .text")).toHaveLength(1);
  });

  it("[B5.1] Refuse: attempts fail one after another, and the first after it is ended succeeds", async () => {
    await logIn("left");
    await press("left", "Refuse");
    await press("left", "Cut");
    await told("left", "attemptFailed, attempt 3");
    await lit("left", "waiting");
    await press("left", "Refuse");
    await press("left", "checkNow");
    await becomes("left", "connected");
  });

  it("[B4.6] Delay: the round trip tells it", async () => {
    await logIn("left");
    await press("left", "Delay 600 ms");
    await shows("[data-seat=left] [aria-pressed=true].fault", "Delay 600 ms");
    // Twice the delay at least; a busy machine adds to it.
    const slow = (): Promise<boolean> =>
      play.page.$eval("[data-seat=left] .stream ol", ({ textContent }) =>
        [...(textContent ?? "").matchAll(/round trip ([\d.]+) ms/g)].some(([, ms]) => Number(ms) >= 1_200),
      );
    await expect
      .poll(
        async () => {
          // A link whose answer was too late for it is another one meanwhile.
          await press("left", "checkNow");
          return await slow();
        },
        { timeout: 30_000, interval: 2_000 },
      )
      .toBe(true);
    await becomes("left", "connected");
  });
});

describe("faults of the server and of tokens", () => {
  it("[B5.4] Overloaded: the refusal has a floor, below which nothing dials; the other seat is not concerned", async () => {
    await logIn("left", "right");
    await press("left", "Overloaded");
    await shows("[data-seat=left] .error", "ERR_SERVER_OVERLOADED");
    await shows("[data-seat=left] .why", "The server asks to wait.");
    const seconds = async (): Promise<number> => Number.parseFloat((await snapshot("left", "retryAt")) ?? "");
    expect(await seconds()).toBeGreaterThan(3);
    await press("left", "Overloaded");
    await press("left", "checkNow");
    await told("left", "checkNow() resolved not linked, next dial in");
    expect(await snapshot("left", "phase")).toBe("waiting");
    expect(await snapshot("right", "status")).toBe("connected");
    await becomes("left", "connected");
  });

  it("[B2.6] Kick: the link ends, the token is still good, and the client comes back by itself", async () => {
    await logIn("left");
    await press("left", "Kick");
    await told("left", "session resumed");
    await becomes("left", "connected");
  });

  it("[B2.7] Revoke token: a login by auth key ends in failed, and says so; one by getToken comes back by itself", async () => {
    await logIn("left");
    await press("left", "Revoke token");
    await lit("left", "failed");
    await shows("[data-seat=left] .error", "ERR_AUTH_REJECTED");
    await press("left", "Log out");
    await choose("left", "Token from", "getToken");
    await logIn("left");
    await press("left", "Revoke token");
    await told("left", "session resumed");
    await becomes("left", "connected");
  });

  it("[B2.6] 8 s tokens: one that has expired ends the link, and getToken brings another", async () => {
    await choose("left", "Token from", "getToken");
    await press("left", "8 s tokens");
    await shows("[data-seat=left] [aria-pressed=true].fault", "8 s tokens");
    await logIn("left");
    await told("left", "ERR_AUTH_REJECTED", 60_000);
    await told("left", "session resumed");
    await becomes("left", "connected");
  });

  it("[B8.2] each feature is throttled at a click, shown with its end, what it sheds is refused, and lifting is seen", async () => {
    await logIn("left");
    await press("page", "typing");
    await becomes("left", "featureThrottled");
    await lit("left", "throttled");
    await shows("[data-seat=left] .timers", "Throttled: typing");
    await press("left", "Typing");
    await told("left", "ERR_FEATURE_THROTTLED");
    await press("page", "receipts");
    await shows("[data-seat=left] .timers", "Throttled: receipts");
    await press("page", "presence");
    await shows("[data-seat=left] .timers", "Throttled: presence");
    for (const feature of ["typing", "receipts", "presence"]) {
      await play.page.locator(`.server button[aria-pressed=true] ::-p-text(${feature})`).click();
      await play.page.waitForFunction(
        (name) => !document.querySelector("[data-seat=left] .timers")?.textContent.includes(name),
        {},
        feature,
      );
    }
    await becomes("left", "connected");
    await told("left", "throttleEnded");
  });

  it("[B5.2] Go away moves everybody to another link; Drain keeps everybody out, until it is lifted", async () => {
    await logIn("left");
    await press("page", "Go away");
    await told("left", "goaway");
    await becomes("left", "connected");
    await press("page", "Drain");
    await shows("[data-seat=left] .error", "ERR_SERVER_OVERLOADED");
    await press("page", "Drain");
    await becomes("left", "connected");
  });

  it("End all faults ends them, and the page says so", async () => {
    await logIn("left");
    for (const name of ["Refuse", "Delay 600 ms", "Deaf"]) await press("left", name);
    await play.page.waitForFunction(
      () => document.querySelectorAll("[data-seat=left] .fault[aria-pressed=true]").length === 3,
    );
    await press("page", "End all faults");
    await play.page.waitForFunction(
      () => document.querySelectorAll("[data-seat=left] .fault[aria-pressed=true]").length === 0,
    );
    await becomes("left", "connected");
  });
});

describe("faults of the platform, pretended", () => {
  it("[B5.6] Offline hint: the link is asked, not dropped; the snapshot says what the system says", async () => {
    await logIn("left");
    await press("left", "Offline hint");
    await shows("[data-seat=left] .snapshot", "onlineno");
    await becomes("left", "connected");
    await press("left", "Offline hint");
    await shows("[data-seat=left] .snapshot", "onlineyes");
  });

  it("[B5.5] Wake and New network ask the server, once within their window", async () => {
    await logIn("left");
    await press("left", "Black hole");
    await press("left", "Wake");
    await lit("left", "probing");
    await told("left", "probeFailed");
    await press("left", "Black hole");
    await becomes("left", "connected");
    await press("left", "Black hole");
    await press("left", "New network");
    await lit("left", "probing");
    await press("left", "Black hole");
    await becomes("left", "connected");
  });

  it("[B2.8] Storage full: an error event, and the link lives", async () => {
    await logIn("left");
    await press("left", "Storage full");
    await told("left", "ERR_STORAGE");
    expect(await snapshot("left", "status")).toBe("connected");
  });
});
