"""Plays the client's side of packages/protocol/vectors against server.py (docs/protocol.md §13). Exits with 1 on any difference.

Not played: the frames `from` a server of malformed.json and the steps `told`, which are about clients.
"""

from __future__ import annotations

import heapq
import itertools
import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

sys.dont_write_bytecode = True  # a run leaves nothing in the tree
from server import Clock, Hub, Identity, Malformed, Session, Timer, dump, parse  # noqa: E402

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


class Different(Exception):
    pass


class HandTimer(Timer):
    def __init__(self, do: Callable[[], None]) -> None:
        self.do: Optional[Callable[[], None]] = do

    def cancel(self) -> None:
        self.do = None


class HandClock(Clock):
    """Moves when it is told to, and stops at each timer on its way."""

    def __init__(self) -> None:
        self._now = 0.0
        self._order = itertools.count()
        self._timers: List[Tuple[float, int, HandTimer]] = []

    def now(self) -> float:
        return self._now

    def at(self, when: float, do: Callable[[], None]) -> HandTimer:
        timer = HandTimer(do)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def of_day(self) -> int:
        return 1_700_000_000_000

    def move(self, to: float) -> None:
        while self._timers and self._timers[0][0] <= to:
            when, _, timer = heapq.heappop(self._timers)
            if timer.do:
                self._now = max(self._now, when)
                timer.do()
        self._now = to


def same(wanted: Any, got: Any) -> bool:
    if wanted == "$any":
        return True
    if isinstance(wanted, dict):
        return isinstance(got, dict) and wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(same, wanted, got))
    return isinstance(wanted, bool) == isinstance(got, bool) and wanted == got


class Conversation:
    def __init__(self, given: Dict[str, Any]) -> None:
        # `ringEntries` is not ours to set: our log holds what no `forget` has dropped.
        self.clock = HandClock()
        life = given.get("expiresInMs")

        def judge(token: str) -> Optional[Identity]:
            ends = None if life is None else self.clock.now() + life
            return Identity("ann", "app", ends) if token.startswith("token:ann") else None

        self.hub = Hub(self.clock, judge, given.get("limits"), epoch="e1")
        self.link = Session(self.hub)
        self.said: List[Any] = []

    def listen(self) -> None:
        for message in self.link.take():
            self.said += parse(message)

    def play(self, step: Dict[str, Any]) -> None:
        (what, value), *more = step.items()
        if what in ("server", "lost"):
            if not self.said:
                raise Different("the server says nothing")
            got = self.said.pop(0)
            if not same(value, got):
                raise Different(f"the server says {dump(got)}")
            return
        if what == "told":
            return
        if self.said:
            raise Different(f"the server said more: {dump(self.said)}")
        if what == "client":
            self.link.receive(dump(value))
        elif what == "app":
            if "open" in value:
                self.link = Session(self.hub)
            elif "cut" in value:
                self.link.lost()
        elif what == "operator":
            self.operate(*next(iter(value.items())))
        elif what == "at":
            self.clock.move(value)
        elif what == "close":
            if dict(more)["by"] == "client":
                self.link.lost()
            elif self.link.closing != value:
                raise Different(f"the server closes with {self.link.closing}")
        else:
            raise Different("an unknown step")
        self.listen()

    def operate(self, act: str, value: Any) -> None:
        if act == "publish":
            channel, kind, sender, data, *id = value
            self.hub.publish(channel, kind, sender, dump(data), *id)
        elif act == "cast":
            channel, kind, sender, data = value
            self.hub.cast(channel, kind, sender, dump(data))
        elif act == "member":
            channel, user, change, by = value
            self.hub.member(channel, user, change, by)
        elif act == "throttle":
            self.hub.throttle(value)
        elif act == "drain":
            self.hub.drain(value["minDelayMs"], value["spreadMs"])
        elif act == "forget":
            self.hub.forget(value)
        else:
            raise Different(f"an unknown act {act}")


def play_link(vector: Dict[str, Any]) -> None:
    conversation = Conversation(vector["given"])
    for at, step in enumerate(vector["steps"]):
        try:
            conversation.play(step)
        except Different as why:
            raise Different(f"step {at}, {dump(step)}: {why}") from None
    if conversation.said:
        raise Different(f"at the end the server said more: {dump(conversation.said)}")


def play_message(vector: Dict[str, Any]) -> None:
    try:
        frames: Any = parse(vector["text"])
    except Malformed:
        frames = None
    if not same(vector["frames"], frames):
        raise Different(f"{vector['text']!r} is read as {frames}")


def play_malformed(vector: Dict[str, Any]) -> None:
    conversation = Conversation({})
    if vector["when"] == "live":
        hello = {"t": "hello", "token": "token:ann", "app": "app", "instance": "ann-1", "linkNo": 1, "nonce": "nonce-ann"}
        conversation.link.receive(dump(hello))
        conversation.link.take()
    conversation.link.receive(dump(vector["frame"]))
    conversation.listen()
    words = [frame["t"] for frame in conversation.said if isinstance(frame, dict)]
    if words != ["reject"] or conversation.link.closing != 4400:
        raise Different(f"{dump(vector['frame'])}: answered by {dump(conversation.said)} and {conversation.link.closing}")


def main() -> int:
    def read(path: Path) -> Any:
        return json.loads(path.read_text(encoding="utf-8"))

    plays: List[Tuple[str, Callable[[Any], None], Any]] = []
    for path in sorted((VECTORS / "links").glob("*.json")):
        plays.append((path.name, play_link, read(path)))
    for vector in read(VECTORS / "messages.json")["messages"]:
        plays.append(("messages.json", play_message, vector))
    for vector in read(VECTORS / "malformed.json")["frames"]:
        if vector["from"] == "client":
            plays.append(("malformed.json", play_malformed, vector))
    failed = 0
    for name, play, vector in plays:
        try:
            play(vector)
        except Different as why:
            failed += 1
            print(f"{name}: {why}")
    print(f"vectors: {len(plays) - failed} of {len(plays)} as written")
    return 1 if failed or not plays else 0


if __name__ == "__main__":
    sys.exit(main())
