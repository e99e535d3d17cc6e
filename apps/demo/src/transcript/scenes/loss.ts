/** Scenes 2 and 3: a link that is cut, and one that goes silent without being closed. */
import { ms } from "../checks.js";
import { numbers, publish } from "../events.js";
import { deathMs, patienceMs, policy, promptMs, toleranceMs } from "../numbers.js";
import type { World } from "../world.js";

export async function cut({ alice, gateway, checks, paper }: World): Promise<void> {
  paper.scene("The link is cut");
  await heard({ alice, gateway, checks });
  const since = alice.since();
  const lost = alice.tells("disconnected");
  const dialled = alice.tells("connecting");
  const back = alice.tells("connected");
  paper.line("network", "cut: both ends of alice's connection are reset");
  alice.proxy.cut();
  const published = await publish(gateway, "alice", 3);
  paper.line("gateway", `published ${published.length} messages to alice, who is away`);
  const told = await checks.comes("status: disconnected is told promptly after the cut", promptMs, lost);
  checks.that(
    "status: disconnected is told promptly, and while there is no socket",
    told.sockets === 0 && told.answered === "disconnected",
    `${ms(told.at - since.at)} after the cut, ${told.sockets} sockets at the proxy`,
  );
  checks.that(
    "status: the change says why and when the next attempt is",
    told.reason === "linkLost" && told.error?.code === "ERR_WEBSOCKET_ERROR" && told.retryAt !== null,
    `${told.reason}, ${told.error?.code}, retryAt in ${ms((told.retryAt ?? 0) - Date.now())} from here`,
  );
  const attempt = await checks.comes("status: connecting after the wait", patienceMs, dialled);
  checks.that(
    "status: the attempt came when it was announced",
    within(attempt.at - told.at - ((told.retryAt ?? 0) - wallOf(told.at, paper.now()))),
    `${ms(attempt.at - told.at)} after disconnected`,
  );
  const again = await checks.comes("status: connected again after the cut", patienceMs, back);
  checks.that(
    "status: disconnected, connecting, connected",
    since.statuses() === "disconnected → connecting → connected" && again.linkedAtGateway === 2,
    since.statuses(),
  );
  await arrived("resume: 0 missed after the cut", { since, published, checks });
  checks.that(
    "resume: the server resumed the session",
    since
      .sessions()
      .map((s) => s.recovery)
      .join() === "resumed",
    since
      .sessions()
      .map((s) => `${s.recovery} after ${ms(s.downtimeMs)}`)
      .join(),
  );
}

export async function blackHole({ alice, gateway, checks, paper, witness }: World): Promise<void> {
  paper.scene("The link goes silent: a black hole, no close, no error");
  await heard({ alice, gateway, checks });
  const since = alice.since();
  const lost = alice.tells("disconnected");
  const back = alice.tells("connected");
  const before = alice.client.snapshot().link;
  const accepted = alice.proxy.accepted;
  const known = witness.excuse();
  paper.line("network", "black hole: alice's connection stays open, no byte passes");
  alice.proxy.blackhole(true);
  const published = await publish(gateway, "alice", 2);
  paper.line("gateway", `published ${published.length} messages into the black hole`);
  const told = await checks.comes("liveness: a silent link is noticed", deathMs + toleranceMs, lost);
  checks.that(
    "liveness: noticed by the client alone, while the socket still stood",
    told.sockets === 1 && told.error?.code === "ERR_HEARTBEAT_TIMEOUT",
    `${told.error?.code}, ${told.sockets} socket at the proxy`,
  );
  checks.that(
    "liveness: neither late nor before a probe had its time",
    told.at - since.at >= (policy.probeMs ?? 0),
    `${ms(told.at - since.at)}; at most ${ms(deathMs + toleranceMs)}`,
  );
  paper.line("network", "bytes pass again");
  alice.proxy.blackhole(false);
  await checks.comes("liveness: the silent link is replaced", patienceMs, back);
  checks.that(
    "liveness: replaced by a new link over a new socket",
    alice.client.snapshot().link !== before && alice.proxy.accepted > accepted,
    `link ${before} became ${alice.client.snapshot().link}`,
  );
  await arrived("resume: 0 missed after the black hole", { since, published, checks });
  await checks.becomes(
    "liveness: the gateway is rid of the silent link",
    patienceMs,
    () => gateway.stats().linked === 2,
  );
  known();
}

/** A link that was just heard from is not being asked for a sign of life: what is told afterwards has also begun afterwards. */
async function heard({ alice, gateway, checks }: Pick<World, "alice" | "gateway" | "checks">): Promise<void> {
  const since = alice.since();
  await publish(gateway, "alice", 1);
  await checks.becomes("events: one more arrives", promptMs, () => since.received().length > 0);
}

async function arrived(
  name: string,
  {
    since,
    published,
    checks,
  }: Pick<World, "checks"> & {
    readonly since: ReturnType<World["alice"]["since"]>;
    readonly published: readonly number[];
  },
): Promise<void> {
  const last = published.at(-1) ?? 0;
  const end = performance.now() + promptMs;
  while (performance.now() < end && !numbers(since.received()).includes(last)) {
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  const got = numbers(since.received());
  checks.that(
    name,
    String(got) === String(published),
    `published ${published.join(", ")}; received ${got.join(", ") || "nothing"}, in order, none twice`,
  );
}

/** Not before its time, but for what two clocks differ by, and not later than a loaded machine makes it. */
const within = (lateMs: number): boolean => lateMs > -50 && lateMs < toleranceMs;

/** The wall-clock time of a moment on the transcript's clock. */
const wallOf = (at: number, now: number): number => Date.now() - (now - at);
