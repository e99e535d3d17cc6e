"""A small server of the wire protocol cc.1, written from docs/protocol.md alone.

§ numbers are the sections of that page. `Hub` and `Session` do no I/O and ask a `Clock` for the time, so that a conversation of the
vectors can be played against them (vectors.py); the last part of the file puts them behind WebSockets and a standard input.

It proves a text and is no gateway: one process, one partition, a log in memory, no topics, tokens that are words.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import sys
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Callable, Deque, Dict, List, NamedTuple, Optional, Set, Tuple, Union

import websockets

Frame = Union[Dict[str, Any], List[Any]]
Positions = List[int]

SUBPROTOCOL = "cc.1"
# §4, the defaults.
LIMITS = {
    "window": 256,
    "windowBytes": 327_680,
    "batchBytes": 16_384,
    "eventBytes": 65_536,
    "frameBytes": 131_072,
    "frameRate": 500,
    "dedupMs": 120_000,
}
HEARTBEAT_MS, HEARTBEAT_LEAST_MS, HEARTBEAT_MOST_MS = 10_000, 5_000, 60_000  # §9
HANDSHAKE_MS = 10_000  # §5
REMEMBER_MS = 30_000  # §8, on top of dedupMs
EXPIRING_MS, EXPIRING_SOONEST_MS = 60_000, 250  # §10
CHANNELS_PER_USER = 1_000  # §8
CONNECTS_PER_SECOND = 500  # §5, what reconnectSpreadMs is reckoned from
LOG_ENTRIES = 100_000  # what memory we give to the log; the oldest go first
QUEUE_FRAMES = 4_096  # a link that reads this much slower than it is written to loses ephemeral events: they are "at most once" (§2)
STOOD_STILL_MS = 250  # a timer that is later than this was not late because of the client


# --- Messages (§1) ----------------------------------------------------------------------------------------------------------------


class Malformed(Exception):
    """What ends a link with 4400."""


def _whole(digits: str) -> Union[int, float, None]:
    # Numbers are those of JavaScript. A longer one loses digits there too, and Python must not spend quadratic time on it.
    return int(digits) if len(digits) < 16 else _real(digits)


def _real(digits: str) -> Optional[float]:
    value = float(digits)
    return value if math.isfinite(value) else None  # 1e999 is JSON, but has no JSON form that could be sent on


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is no JSON")  # Python's reader would take NaN and Infinity


def _is_frame(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("t"), str)
    return isinstance(value, list) and len(value) > 0 and _is_number(value[0])


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)  # not isinstance, for True is an int in Python


def parse(message: Union[str, bytes]) -> List[Frame]:
    """The frames of a message. All are looked at before any takes effect, for a malformed message has no frames."""
    if not isinstance(message, str):
        raise Malformed("a binary message")
    try:
        value = json.loads(message, parse_int=_whole, parse_float=_real, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None
    if _is_frame(value):
        return [value]
    if not isinstance(value, list) or len(value) == 0 or not all(_is_frame(one) for one in value):
        raise Malformed("neither a frame nor a batch of frames")
    return value


def dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: JSON can say it, UTF-8 cannot
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text


def size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


# Fields. A known frame with a missing or wrong field is malformed (§1); a missing one is read as None, which is no field's value.


def string(value: Any, what: str, least: int = 1, most: Optional[int] = None) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{what} is no string")
    units = len(value.encode("utf-16-le", "surrogatepass")) // 2
    if units < least or (most is not None and units > most):
        raise Malformed(f"{what} has {units} units")
    return value


def number(value: Any, what: str) -> Union[int, float]:
    if not _is_number(value):
        raise Malformed(f"{what} is no number")
    return value  # type: ignore[no-any-return]


def above_zero(value: Any, what: str) -> Union[int, float]:
    if number(value, what) <= 0:
        raise Malformed(f"{what} is not above 0")
    return number(value, what)


def whole(value: Any, what: str) -> int:
    if number(value, what) < 0 or value != int(value):
        raise Malformed(f"{what} is no whole number from 0 up")
    return int(value)  # 1.0 is 1 in JSON


def channel_name(value: Any) -> str:
    return string(value, "channel", most=256)


def item_id(value: Any, least: int = 1) -> str:
    return string(value, "id", least=least, most=128)


# --- The hub: everything that links share ------------------------------------------------------------------------------------------


class Timer:
    def cancel(self) -> None: ...


class Clock:
    """Milliseconds that count up. A vector's clock is set by hand, a process has that of its event loop."""

    def now(self) -> float:
        raise NotImplementedError

    def at(self, when: float, do: Callable[[], None]) -> Timer:
        raise NotImplementedError

    def of_day(self) -> int:
        raise NotImplementedError


class Identity(NamedTuple):
    """What a token stands for."""

    user: str
    app: str
    ends: Optional[float]


Judge = Callable[[str], Optional[Identity]]
Own = Tuple[Optional[str], Optional[str]]


class Hello(NamedTuple):
    token: str
    app: str
    instance: str
    link_no: int
    nonce: Optional[str]
    device: Optional[str]
    resume: Optional[Tuple[str, Positions]]
    heartbeat_ms: float


@dataclass(frozen=True)
class Entry:
    n: int
    channel: str
    kind: str
    sender: str
    instance: Optional[str]  # of the sender, who is not sent his own (§6); None for what the operator publishes
    sent_at: int
    data: str  # as JSON, so that it is encoded once
    id: Optional[str]


class Nack(Exception):
    """A refusal: the item was not applied (§8)."""

    def __init__(self, code: str, message: str, retry_after_ms: Optional[float] = None) -> None:
        super().__init__(message)
        self.code, self.message, self.retry_after_ms = code, message, retry_after_ms

    def frame(self, id: str) -> str:
        frame: Dict[str, Any] = {"t": "nack", "id": id, "code": self.code, "message": self.message}
        if self.retry_after_ms is not None:
            frame["retryAfterMs"] = math.ceil(self.retry_after_ms)
        return dump(frame)


class Hub:
    """The log, the memberships, the answers that are remembered, and the links that are there."""

    def __init__(self, clock: Clock, judge: Judge, limits: Optional[Dict[str, int]] = None, epoch: Optional[str] = None) -> None:
        self.clock, self.judge = clock, judge
        self.limits = {**LIMITS, **(limits or {})}
        self.epoch = epoch or secrets.token_hex(8)
        # The log: entries[i] has the number begin + 1 + i. Ours are dense; §2 says that nobody may rely on it.
        self.entries: List[Entry] = []
        self.begin = 0
        # (channel, user) → when he was in: numbers of the markers, both included (§8). An open end means that he is.
        self.spans: Dict[Tuple[str, str], List[Tuple[int, Optional[int]]]] = {}
        self.channels: Dict[str, Set[str]] = {}
        # (user, instance, id) → (answer, until when), in the order of the answers.
        self.answers: "OrderedDict[Tuple[str, str, str], Tuple[str, float]]" = OrderedDict()
        self.throttles: Dict[str, Tuple[str, float]] = {}
        self.draining: Optional[Tuple[float, float]] = None
        self.open: Set[Session] = set()
        self.live: Dict[Tuple[str, str], Session] = {}

    # The log (§2, §6)

    @property
    def head(self) -> int:
        return self.begin + len(self.entries)

    def forget(self, upto: int) -> None:
        """Drops everything up to this number. Links that had not been sent it are told a gap."""
        upto = min(upto, self.head)
        if upto > self.begin:
            del self.entries[: upto - self.begin]
            self.begin = upto
            self._pump()

    def publish(
        self, channel: str, kind: str, sender: str, data: str, id: Optional[str] = None, instance: Optional[str] = None
    ) -> int:
        entry = Entry(self.head + 1, channel, kind, sender, instance, self.clock.of_day(), data, id)
        self.entries.append(entry)
        self._pump()
        if len(self.entries) > 2 * LOG_ENTRIES:  # by halves, because each time moves all that stay
            self.forget(self.head - LOG_ENTRIES)
        return entry.n

    def _pump(self) -> None:
        for session in list(self.live.values()):
            session.pump()

    def cast(self, channel: str, kind: str, sender: str, data: str, instance: Optional[str] = None) -> None:
        for session in list(self.live.values()):
            if not session.is_of(sender, instance) and self.reaches(channel, sender, session.user, None):
                session.ephemeral(channel, kind, sender, data)

    # Membership (§2, §8)

    def is_member(self, channel: str, user: str) -> bool:
        return channel in self.channels.get(user, ())

    def reaches(self, channel: str, sender: str, user: str, n: Optional[int]) -> bool:
        """Whether an event on this channel is one for this user; `n` is its number, None means now."""
        if channel.startswith("user:"):
            return channel == f"user:{user}" or sender == user  # a direct message is shown to the sender's other instances too
        if n is None:
            return self.is_member(channel, user)
        return any(first <= n and (last is None or n <= last) for first, last in self.spans.get((channel, user), ()))

    def member(self, channel: str, user: str, change: str, by: Optional[str] = None, own: Own = (None, None)) -> int:
        """Changes a membership and writes the marker; 0 if it was so already. `by` is whose hand it was if not the user's; `own` are
        the id and the instance of a user's own join or leave."""
        if (change == "joined") == self.is_member(channel, user):
            return 0
        n = self.head + 1
        if change == "joined":
            self.channels.setdefault(user, set()).add(channel)
            self.spans.setdefault((channel, user), []).append((n, None))
        else:
            self.channels[user].discard(channel)
            spans = self.spans[channel, user]
            spans[-1] = (spans[-1][0], n)
        data = {"user": user, "change": change} if by is None else {"user": user, "change": change, "by": by}
        return self.publish(channel, "member", by or user, dump(data), *own)

    # Items: sends, joins, leaves (§8)

    def answer_of(self, user: str, instance: str, id: str) -> Optional[str]:
        answer, until = self.answers.get((user, instance, id), ("", 0.0))
        return answer if until > self.clock.now() else None

    def remember(self, user: str, instance: str, id: str, answer: str) -> None:
        now = self.clock.now()
        while self.answers and next(iter(self.answers.values()))[1] <= now:
            self.answers.popitem(last=False)
        self.answers.pop((user, instance, id), None)  # so that one that had ended goes to the end of the order
        self.answers[user, instance, id] = (answer, now + self.limits["dedupMs"] + REMEMBER_MS)

    # Throttling and drain (§11)

    def throttled(self) -> List[Dict[str, Any]]:
        now = self.clock.now()
        return [
            {"feature": feature, "reason": reason, "forMs": math.ceil(until - now)}
            for feature, (reason, until) in self.throttles.items()
            if until > now
        ]

    def throttle(self, features: List[Dict[str, Any]]) -> None:
        now = self.clock.now()
        self.throttles = {one["feature"]: (one["reason"], now + one["forMs"]) for one in features}
        for session in list(self.live.values()):
            session.send({"t": "throttle", "features": self.throttled()})

    def throttled_for(self, kind: str) -> float:
        """How long events of this kind are throttled from now; 0 if they are not."""
        features = ("receipts", kind) if kind == "receipt" else (kind,)
        until = max(self.throttles.get(feature, ("", 0.0))[1] for feature in features)
        return max(0.0, until - self.clock.now())

    def drain(self, min_delay_ms: float, spread_ms: float) -> None:
        self.draining = (min_delay_ms, spread_ms)
        for session in list(self.live.values()):
            session.send({"t": "goaway", "minDelayMs": min_delay_ms, "spreadMs": spread_ms, "overlap": True})

    def undrain(self) -> None:
        self.draining = None

    def spread_ms(self) -> int:
        return min(10_000, max(100, len(self.live) * 1_000 // CONNECTS_PER_SECOND))

    def stop(self) -> None:
        """The process goes: 1001, told by `goaway` (§11). It cannot be met again before it has gone, so without overlap."""
        for session in list(self.open):
            session.send({"t": "goaway", "minDelayMs": 0, "spreadMs": self.spread_ms(), "overlap": False})
            session.end(1001)


# --- The session: one link ----------------------------------------------------------------------------------------------------------


class Session:
    """The server's half of one link. What it has to say waits in it until `take`; `closing` is the code to close with after that."""

    def __init__(self, hub: Hub, woken: Callable[[], None] = lambda: None) -> None:
        self.hub = hub
        self.closing: Optional[int] = None
        self.user = ""
        self.token = ""
        self._woken = woken
        self._out: List[str] = []
        self._ended = False
        self._hello: Optional[Hello] = None
        self._timers: Dict[str, Timer] = {}
        self._aliases: Dict[str, int] = {}
        self._cursor = 0  # everything up to here was sent, or does not concern this link
        self._replay_to: Optional[int] = None  # where `caughtUp` is due; None once it was sent
        self._unacked: Deque[Tuple[int, int]] = deque()  # number and bytes of each durable event without credit
        self._unacked_bytes = 0
        self._heard = hub.clock.now()
        self._frames, self._frames_at = 0.0, hub.clock.now()  # see _count
        hub.open.add(self)
        self._timer("handshake", self._heard + HANDSHAKE_MS, self._no_hello)

    # Output

    def send(self, frame: Union[str, Frame]) -> None:
        if not self._ended:
            self._out.append(frame if isinstance(frame, str) else dump(frame))
            self._woken()

    def take(self) -> List[str]:
        """The messages to write now: what is ready, in batches of at most `batchBytes`; one frame may be longer (§1)."""
        frames, self._out = self._out, []
        batches: List[List[str]] = []
        room = 0
        for frame in frames:
            needs = size(frame) + 1  # the comma before it, or the second bracket
            if needs > room:
                batches.append([])
                room = self.hub.limits["batchBytes"] - 1
            batches[-1].append(frame)
            room -= needs
        return [batch[0] if len(batch) == 1 else f"[{','.join(batch)}]" for batch in batches]

    def reject(self, close: int, code: str, message: str, retry: str, min_delay_ms: float = 0, spread_ms: float = 0) -> None:
        why = {"code": code, "message": message, "retry": retry}
        self.send({"t": "reject", **why, "minDelayMs": min_delay_ms, "spreadMs": spread_ms})
        self.end(close)

    def end(self, code: Optional[int]) -> None:
        """Nothing is read or said from now on. Without a code the transport is gone already."""
        if self._ended:
            return
        self._ended = True
        self.closing = code
        for timer in self._timers.values():
            timer.cancel()
        self.hub.open.discard(self)
        if self._hello and self.hub.live.get((self.user, self._hello.instance)) is self:
            del self.hub.live[self.user, self._hello.instance]
        self._woken()

    def lost(self) -> None:
        self.end(None)

    def is_of(self, user: str, instance: Optional[str]) -> bool:
        return self._hello is not None and self.user == user and self._hello.instance == instance

    def _timer(self, name: str, when: float, do: Callable[[], None]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = self.hub.clock.at(when, do)

    # Input

    def receive(self, message: Union[str, bytes]) -> None:
        if self._ended:
            return
        self._heard = self.hub.clock.now()
        try:
            if isinstance(message, str) and size(message) > self.hub.limits["frameBytes"]:
                self.reject(4413, "ERR_MESSAGE_TOO_LARGE", "the message is above limits.frameBytes", "later", 1_000, 1_000)
                return
            for frame in parse(message):
                self._receive(frame)
                if self._ended:
                    return
        except Malformed as why:
            self.reject(4400, "ERR_PROTOCOL", str(why), "later", 1_000, 1_000)

    def _receive(self, frame: Frame) -> None:
        word = frame["t"] if isinstance(frame, dict) else frame[0]
        if self._hello is None:
            if word != "hello":  # §5: an unknown one as well
                raise Malformed("the first frame is no hello")
            self._greet(self._read_hello(frame))  # type: ignore[arg-type]
            return
        if isinstance(frame, list):
            if word == 5:
                if self._credit(whole(frame[1] if len(frame) > 1 else None, "n")):
                    return  # §11: what acknowledges something is not counted
            if not self._count():
                return
            if word == 4:
                self.send([4, number(frame[1] if len(frame) > 1 else None, "k")])
            elif word == 6:
                self._item_send(frame)
            # 0 is a pong: that it came is all it says. Others are a later version's.
            return
        if not self._count():
            return
        if word == "hello":
            raise Malformed("a second hello")
        if word == "bye":
            self.end(1000)
        elif word == "token":
            self._renew(string(frame.get("token"), "token"))
        elif word == "heartbeat":
            self._beat(above_zero(frame.get("ms"), "ms"))
        elif word in ("join", "leave"):
            self._item_member(word, channel_name(frame.get("channel")), item_id(frame.get("id")))

    # Handshake (§5)

    @staticmethod
    def _read_hello(frame: Dict[str, Any]) -> Hello:
        def optional(name: str, read: Callable[[Any], Any], otherwise: Any = None) -> Any:
            return read(frame[name]) if name in frame else otherwise

        def resume(value: Any) -> Optional[Tuple[str, Positions]]:
            if value is None:
                return None
            if not isinstance(value, dict) or not isinstance(value.get("positions"), list) or len(value["positions"]) == 0:
                raise Malformed("resume is no position")
            return string(value.get("epoch"), "epoch"), [whole(n, "position") for n in value["positions"]]

        def listen(value: Any) -> None:
            if not isinstance(value, list) or len(value) > 16:
                raise Malformed("listen is no list of at most 16")
            for name in value:  # we have no topics, so all are ignored (§2)
                string(name, "topic", most=64)

        optional("listen", listen)
        return Hello(
            token=string(frame.get("token"), "token"),
            app=string(frame.get("app"), "app"),
            instance=string(frame.get("instance"), "instance", most=128),
            link_no=whole(frame.get("linkNo"), "linkNo"),
            nonce=optional("nonce", lambda value: string(value, "nonce", most=128)),
            device=optional("device", lambda value: string(value, "device", most=128)),
            resume=optional("resume", resume),
            heartbeat_ms=optional("heartbeatMs", lambda value: above_zero(value, "heartbeatMs"), HEARTBEAT_MS),
        )

    def _no_hello(self) -> None:
        self.reject(4408, "ERR_HANDSHAKE_TIMEOUT", "no hello came", "later", 0, self.hub.spread_ms())

    def _greet(self, hello: Hello) -> None:
        hub = self.hub
        if hub.draining:
            min_delay_ms, spread_ms = hub.draining
            self.reject(1012, "ERR_SERVER_OVERLOADED", "this server is being drained", "later", min_delay_ms, spread_ms)
            return
        identity = hub.judge(hello.token)
        if identity is None:
            self._refuse_token("the token is refused")
            return
        if identity.app != hello.app:
            self.reject(4403, "ERR_FORBIDDEN", "the token is for another app", "never")
            return
        older = hub.live.get((identity.user, hello.instance))
        if older and older._hello and older._hello.nonce == hello.nonce and older._hello.link_no > hello.link_no:
            self.reject(4410, "ERR_SUPERSEDED", "a newer link of this instance is here", "later")
            return

        self.user, self._hello = identity.user, hello
        if older:
            older.end(4410)
        if hello.device is not None:
            for other in list(hub.live.values()):
                if other.user == self.user and other._hello and other._hello.device == hello.device:
                    other.reject(4409, "ERR_REPLACED", "a newer instance is on this device", "never")
        hub.live[self.user, hello.instance] = self
        self._timers.pop("handshake").cancel()
        self._welcome(hello, self._accept(hello.token, identity))

    def _welcome(self, hello: Hello, life: Dict[str, int]) -> None:
        """§6: how the link begins."""
        hub = self.hub
        brought: Positions = []
        if hello.resume is None:
            recovery, self._cursor = "new", hub.head
        else:
            epoch, brought = hello.resume
            if epoch == hub.epoch and len(brought) == 1 and brought[0] >= hub.begin:
                recovery, self._cursor = "resumed", brought[0]  # maybe ahead of our log: then nothing is sent up to there
            else:
                recovery, self._cursor = "gap", hub.begin
        heartbeat_ms = self._beat(hello.heartbeat_ms)
        facts = {"user": self.user, "recovery": recovery, "epoch": hub.epoch, "positions": [self._cursor], "heartbeatMs": heartbeat_ms}
        bounds = {"reconnectSpreadMs": hub.spread_ms(), "limits": hub.limits, "throttled": hub.throttled()}
        self.send({"t": "welcome", "session": secrets.token_hex(8), **facts, **bounds, **life})
        if recovery == "gap":
            self.send({"t": "gap", "from": brought, "to": [self._cursor]})
        self._replay_to = max(self._cursor, hub.head)
        self.pump()

    # Liveness (§9)

    def _beat(self, wanted_ms: float) -> float:
        now = self.hub.clock.now()
        every = min(HEARTBEAT_MOST_MS, max(HEARTBEAT_LEAST_MS, wanted_ms))
        silence = 3 * every

        def ping() -> None:
            self._timer("ping", self.hub.clock.now() + every, ping)
            self.send([0, self._cursor])  # true at any time, for want of credit holds the cursor back and not only the event

        def listen_until(deadline: float) -> None:
            def check() -> None:
                now = self.hub.clock.now()
                if self._heard + silence > now + 1:
                    listen_until(self._heard + silence)
                elif now - deadline > STOOD_STILL_MS:
                    listen_until(now + (now - deadline))  # we ourselves stood still: what he said may wait unread
                else:
                    self.end(4411)

            self._timer("silence", deadline, check)

        self._timer("ping", now + every, ping)
        listen_until(self._heard + silence)
        return every

    # Tokens (§10)

    def _accept(self, token: str, identity: Identity) -> Dict[str, int]:
        """From now on the link stands on this token; returns `expiresInMs` for `welcome` and `tokenOk`."""
        self.token = token
        for name in ("expiring", "token"):
            if name in self._timers:
                self._timers.pop(name).cancel()
        if identity.ends is None:
            return {}
        ends = identity.ends
        now = self.hub.clock.now()
        # A short life is announced early in it, so that there is time to renew; not with the welcome, before the app can act.
        announce = max(ends - EXPIRING_MS, now + min(EXPIRING_SOONEST_MS, (ends - now) / 8))
        self._timer("expiring", announce, lambda: self.send({"t": "expiring", "inMs": math.ceil(ends - self.hub.clock.now())}))
        self._timer("token", ends, lambda: self._refuse_token("the token has ended"))
        return {"expiresInMs": math.ceil(ends - now)}

    def _renew(self, token: str) -> None:
        identity = self.hub.judge(token)
        if identity is None or identity.user != self.user or (self._hello and identity.app != self._hello.app):
            self._refuse_token("the renewed token is refused")
            return
        self.send({"t": "tokenOk", **self._accept(token, identity)})

    def revoked(self) -> None:
        self._refuse_token("the token was revoked")

    def _refuse_token(self, message: str) -> None:
        self.reject(4401, "ERR_AUTH_REJECTED", message, "reauth")

    # Events (§4, §6, §7)

    def _alias(self, channel: str) -> int:
        """Aliases are a link's own here: that is less to keep than to share them, at the price of encoding frames for each link."""
        if channel not in self._aliases:
            self._aliases[channel] = len(self._aliases) + 1
            self.send({"t": "channel", "alias": self._aliases[channel], "channel": channel, "partition": 0})
        return self._aliases[channel]

    def ephemeral(self, channel: str, kind: str, sender: str, data: str) -> None:
        if len(self._out) < QUEUE_FRAMES:
            self.send(f"[2,{self._alias(channel)},{dump(kind)},{dump(sender)},{data}]")

    def pump(self) -> None:
        """Sends what stands in the log after the cursor, as far as the credit reaches. Replay and live are this one stream."""
        hub = self.hub
        if self._ended:
            return
        if self._cursor < hub.begin:
            self.send({"t": "gap", "from": [self._cursor], "to": [hub.begin]})
            self._cursor = hub.begin
        while self._cursor < hub.head:
            entry = hub.entries[self._cursor - hub.begin]
            own = self.is_of(entry.sender, entry.instance)
            if not own and hub.reaches(entry.channel, entry.sender, self.user, entry.n):
                alias = self._aliases.get(entry.channel, len(self._aliases) + 1)  # announced only if the event can go
                id = "" if entry.id is None else f",{dump(entry.id)}"
                frame = f"[1,{entry.n},{alias},{dump(entry.kind)},{dump(entry.sender)},{entry.sent_at},{entry.data}{id}]"
                cost = size(frame)
                if len(self._unacked) >= hub.limits["window"] or self._unacked_bytes + cost > hub.limits["windowBytes"]:
                    break
                self._alias(entry.channel)
                self.send(frame)
                self._unacked.append((entry.n, cost))
                self._unacked_bytes += cost
            self._cursor = entry.n
        if self._replay_to is not None and self._cursor >= self._replay_to and hub.head >= self._replay_to:
            self._replay_to = None
            self.send({"t": "caughtUp", "positions": [self._cursor]})

    def _credit(self, n: int) -> bool:
        """Whether it acknowledged anything."""
        if not self._unacked or self._unacked[0][0] > n:
            return False
        while self._unacked and self._unacked[0][0] <= n:
            self._unacked_bytes -= self._unacked.popleft()[1]
        self.pump()
        return True

    # Sends, joins, leaves (§8)

    def _count(self) -> bool:
        """§11: a bucket of two seconds' frames that runs out at `frameRate`. False when the link was ended for another two."""
        now, rate = self.hub.clock.now(), self.hub.limits["frameRate"]
        self._frames = max(0.0, self._frames - (now - self._frames_at) * rate / 1_000) + 1
        self._frames_at = now
        if self._frames <= 4 * rate:
            return True
        self.reject(4429, "ERR_SERVER_OVERLOADED", "far above limits.frameRate", "later", 2_000, 1_000)
        return False

    def _rate(self) -> None:
        rate = self.hub.limits["frameRate"]
        if self._frames > 2 * rate:
            raise Nack("ERR_SERVER_OVERLOADED", "above limits.frameRate", (self._frames - 2 * rate) * 1_000 / rate)

    def _answer(self, id: str, apply: Callable[[str], int]) -> None:
        """Applies a durable item once for its instance, and answers every time. All of it happens before the next frame is read: so
        one after another, in the order of arrival, and no repeat can meet an item that is still being applied."""
        assert self._hello is not None
        instance = self._hello.instance
        # Before anything may refuse it: a `nack` says "not applied", which would be a lie for a repeat of what was.
        answer = self.hub.answer_of(self.user, instance, id)
        if answer is None:
            try:
                self._rate()
                answer = dump([3, id, apply(instance)])
            except Nack as nack:
                answer = nack.frame(id)
            self.hub.remember(self.user, instance, id, answer)
        self.send(answer)

    def _item_send(self, frame: List[Any]) -> None:
        if len(frame) < 6:
            raise Malformed("a send without all its fields")
        ephemeral = bool(whole(frame[5], "flags") & 1)
        id = item_id(frame[1], least=0 if ephemeral else 1)
        channel, kind, data = channel_name(frame[2]), string(frame[3], "kind", most=64), dump(frame[4])
        if not ephemeral:

            def apply(instance: str) -> int:
                self._may_send(channel, kind, data)
                return self.hub.publish(channel, kind, self.user, data, id, instance)

            self._answer(id, apply)
            return
        assert self._hello is not None
        try:
            self._rate()
            self._may_send(channel, kind, data)
        except Nack as nack:
            if id:
                self.send(nack.frame(id))
            return
        self.hub.cast(channel, kind, self.user, data, self._hello.instance)
        if id:
            self.send([3, id, 0])

    def _may_send(self, channel: str, kind: str, data: str) -> None:
        if size(data) > self.hub.limits["eventBytes"]:
            raise Nack("ERR_MESSAGE_TOO_LARGE", "the data is above limits.eventBytes")
        if kind == "member":
            raise Nack("ERR_SEND_REJECTED", "this kind is the server's")
        if not (channel.startswith("user:") and channel != "user:") and not self.hub.is_member(channel, self.user):
            raise Nack("ERR_SEND_REJECTED", "not a member of this channel")
        throttled_for = self.hub.throttled_for(kind)
        if throttled_for > 0:
            raise Nack("ERR_FEATURE_THROTTLED", "this feature is throttled", throttled_for)

    def _item_member(self, word: str, channel: str, id: str) -> None:
        def apply(instance: str) -> int:
            if not channel.startswith("group:") or channel == "group:":
                raise Nack("ERR_SEND_REJECTED", "no group")
            if word == "leave":
                return self.hub.member(channel, self.user, "left", own=(id, instance))
            if not self.hub.is_member(channel, self.user) and len(self.hub.channels.get(self.user, ())) >= CHANNELS_PER_USER:
                raise Nack("ERR_SEND_REJECTED", "in too many channels")
            return self.hub.member(channel, self.user, "joined", own=(id, instance))

        self._answer(id, apply)


# --- The process: WebSockets and the control of README.md ----------------------------------------------------------------------------


class LoopClock(Clock):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.time() * 1_000

    def at(self, when: float, do: Callable[[], None]) -> Timer:
        return self._loop.call_at(when / 1_000, do)  # type: ignore[return-value]

    def of_day(self) -> int:
        return int(time.time() * 1_000)


class Control:
    """What a test can ask for."""

    APP = "conformance"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: Dict[str, Identity] = {}
        self.hub = Hub(clock, self._judge)

    def _judge(self, token: str) -> Optional[Identity]:
        identity = self._tokens.get(token)
        return identity if identity and (identity.ends is None or identity.ends > self._clock.now()) else None

    def do(self, ask: Dict[str, Any]) -> Any:
        what, hub = ask.get("do"), self.hub
        if what == "token":
            token = secrets.token_hex(16)
            self._tokens[token] = Identity(ask["user"], self.APP, self._clock.now() + (ask.get("lifeMs") or 3_600_000))
            return token
        if what == "revoke":
            revoked = {token for token, identity in self._tokens.items() if identity.user == ask["user"]}
            for token in revoked:
                del self._tokens[token]
            for session in [one for one in hub.live.values() if one.token in revoked]:
                session.revoked()
            return True
        if what == "publish":
            return hub.publish(ask["channel"], ask["kind"], "system", dump(ask["data"]))
        if what == "member":
            return hub.member(ask["group"], ask["user"], ask["change"], by="system")
        if what == "throttle":
            hub.throttle(ask["features"])
        elif what == "drain":
            hub.drain(ask["minDelayMs"], ask["spreadMs"])
        elif what == "undrain":
            hub.undrain()
        elif what == "loseLog":
            hub.forget(hub.head)
        else:
            raise ValueError(f"unknown: {what}")
        return True


def refuse_others(*asked: Any) -> Any:
    """§1: who offers no `cc.1` is refused the upgrade. websockets before 14 would let him in, and calls this with (path, headers);
    later ones call it with (connection, request)."""
    first, second = asked
    headers = getattr(second, "headers", second)
    offers = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
    if SUBPROTOCOL in (offer.strip() for offer in offers):
        return None
    why = "the subprotocol here is cc.1\n"
    return (HTTPStatus.BAD_REQUEST, [], why.encode()) if second is headers else first.respond(HTTPStatus.BAD_REQUEST, why)


async def write(socket: Any, session: Session, wake: asyncio.Event) -> None:
    """Writes what the session says. Woken once for all that one turn of the loop made, so that it becomes one batch (§1)."""
    try:
        while True:
            await wake.wait()
            wake.clear()
            for message in session.take():
                await socket.send(message)
            if session.closing is not None:
                await socket.close(session.closing)
                return
    except websockets.ConnectionClosed:
        session.lost()


async def main() -> None:
    loop = asyncio.get_running_loop()
    control = Control(LoopClock(loop))
    hub = control.hub

    async def link(socket: Any) -> None:
        wake = asyncio.Event()
        session = Session(hub, wake.set)
        writer = asyncio.ensure_future(write(socket, session, wake))
        try:
            async for message in socket:  # to its end even when we close it: the answer to our close stands behind what is unread
                session.receive(message)
        except websockets.ConnectionClosed:
            pass
        finally:  # also after an exception of ours, which the library answers with 1011: nobody may be left in the hub
            session.lost()
            if session.closing is None:
                writer.cancel()
            await asyncio.wait([writer])

    server = await websockets.serve(
        link,
        "127.0.0.1",
        0,
        subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
        process_request=refuse_others,
        compression=None,
        ping_interval=None,  # the protocol has pings of its own (§9)
        close_timeout=1,
        max_size=8 * hub.limits["frameBytes"],  # above frameBytes we say 4413; above this it is too much to read only to say so
    )
    print(json.dumps({"port": next(iter(server.sockets)).getsockname()[1]}), flush=True)
    while True:
        # In a thread, because a standard input may be a file or a terminal as well as a pipe.
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            break
        ask = json.loads(line)
        try:
            answer = {"id": ask["id"], "ok": control.do(ask)}
        except Exception as error:  # a wrong question is the test's mistake, and must not end the server
            answer = {"id": ask["id"], "error": repr(error)}
        print(json.dumps(answer), flush=True)
    hub.stop()
    await asyncio.sleep(0)  # the writers' turn: their closes come before the server's own
    server.close()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
