"""The verbs of inlets: which senders there are, their tokens and mappings, what they sent. Reads no body."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from opsbook.ground.errors import Refusal, Usage
from opsbook.ground.guesses import closest
from opsbook.ledger import inlet as events
from opsbook.ledger.drill_events import DRILL_INLET
from opsbook.ledger.event import Draft
from opsbook.ledger.inbound.mapping import mapping_problems
from opsbook.ledger.inlet import INLETS, InletToken, KeptInlet, inlet_of
from opsbook.ledger.path_test import PATH_TEST
from opsbook.ledger.signal import Source
from opsbook.usecases.credentials import SENDER_PREFIX, digest, new_id, new_token
from opsbook.usecases.ledger_ports import EngineLedger

KINDS = ("alertmanager", "alertmanager-api", "grafana", "pagerduty", "opsgenie", "cloudevents", "generic", "email",
         "heartbeat")  # fmt: skip
OWN = frozenset({PATH_TEST, DRILL_INLET})  # what comes by these is a drill
MOST_TOKENS = 2  # one, and the one that replaces it
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 512  # characters, of one that a sender brings along
MOST_INLETS = 10_000
LOOKED_EVERY = timedelta(seconds=1)  # how soon another process' change of an inlet counts here
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHOWN_DIGITS = 12  # of the digest of an unknown token, where tokens are not needed


class Inlet(Struct, frozen=True):
    """A sender: its kind (alertmanager, alertmanager-api, grafana, pagerduty, opsgenie, cloudevents, generic, email,
    heartbeat), the group that its keys are one identity in, for kind generic how its JSON is read (name of a field →
    JMESPath), and how many tokens it has (two while one is being replaced)."""

    name: str
    kind: str
    group: str
    mapping: dict[str, str] = {}
    tokens: tuple[str, ...] = ()  # public ids, never the tokens
    is_paused: bool = False
    last_seen_at: datetime | None = None
    received: int = 0


class Inlets:
    """The inlets of a ledger, each in a stream `inlet/NAME`. Any thread may call anything."""

    def __init__(self, ledger: EngineLedger, *, now: Callable[[], datetime], chance: Callable[[int], bytes]) -> None:
        self._ledger = ledger
        self._now = now
        self._chance = chance
        self._lock = threading.Lock()
        self._by_name: dict[str, KeptInlet] = {}
        self._by_token: dict[str, str] = {}  # the hash of a token → its inlet's name
        self._position = -1
        self._looked_at: datetime | None = None

    def add(
        self, name: str, kind: str, by: str, *, group: str = "", mapping: Mapping[str, str] | None = None,
        token: str = "",
    ) -> tuple[Inlet, str]:  # fmt: skip
        """A new inlet with its first token, which is told this once; `token` is one that the sender has already. Raises
        Usage, with the place, for a mapping that cannot be read."""
        if not _NAME.fullmatch(name):
            raise Usage(
                f"'{name[:64]}' cannot be the name of an inlet. Write up to 64 of a-z, 0-9 and . _ -, beginning with a"
                " letter or digit, such as 'shop-prometheus'."
            )
        if kind not in KINDS:
            near = closest(kind, KINDS)
            guess = f" Did you mean '{near}'?" if near else f" There are {', '.join(KINDS)}."
            raise Usage(f"There is no kind of inlet '{kind[:64]}'.{guess}")
        group = group or name
        if not _NAME.fullmatch(group):
            raise Usage(f"'{group[:64]}' cannot be the group of an inlet: write it as the name of one.")
        checked = _checked(kind, mapping or {})
        if name in self._looked():
            raise Refusal(f"There is an inlet '{name}' already. Rotate its token, or choose another name.")
        secret = self._own(token) or new_token(self._chance, SENDER_PREFIX)
        drafts = [events.added(kind, group, checked), events.token_issued(new_id(self._chance), digest(secret))]
        self._append(name, drafts, by)
        return self.find(name), secret

    def rotate(self, name: str, by: str, *, token: str = "") -> str:
        """A further token, told once; the one before it goes on to count until it is revoked. `token` is one that the
        sender has already."""
        kept = self._kept(name)
        if len(kept.tokens) >= MOST_TOKENS:
            old = kept.tokens[0].id
            raise Refusal(
                f"'{name}' has {len(kept.tokens)} tokens already: one, and the one that replaces it. Revoke the older"
                f" one ({old}) first."
            )
        secret = self._own(token) or new_token(self._chance, SENDER_PREFIX)
        self._append(name, [events.token_issued(new_id(self._chance), digest(secret))], by)
        return secret

    def revoke(self, name: str, token_id: str, by: str) -> Inlet:
        """A token that does not count any more."""
        kept = self._kept(name)
        known = [token.id for token in kept.tokens]
        if token_id not in known:
            told = f" It has {', '.join(known)}." if known else " It has none."
            raise Usage(f"'{name}' has no token '{token_id[:64]}'.{told}")
        self._append(name, [events.token_revoked(token_id)], by)
        return self.find(name)

    def pause(self, name: str, by: str, *, is_paused: bool = True) -> Inlet:
        """Leads nothing of it anywhere, or does again; what it sends meanwhile is kept, and can be received again."""
        if self._kept(name).is_paused != is_paused:
            self._append(name, [events.paused(is_paused)], by)
        return self.find(name)

    def remap(self, name: str, by: str, mapping: Mapping[str, str]) -> Inlet:
        """Reads its JSON in another way from now on; with an empty mapping by itself. Raises Usage for one that cannot
        be read."""
        kept = self._kept(name)
        self._append(name, [events.changed(_checked(kept.kind, mapping))], by)
        return self.find(name)

    def remove(self, name: str, by: str) -> None:
        """Forgets one; its tokens count no more."""
        self._kept(name)
        self._append(name, [events.removed()], by)

    def all(self) -> list[Inlet]:
        """All, by name."""
        found = self._looked()
        sighted = self._ledger.sighted([INLETS + name for name in found])
        made = []
        for name in sorted(found):
            seen = sighted.get(INLETS + name)
            made.append(_inlet(found[name], seen.at if seen else None, seen.count if seen else 0))
        return made

    def unnamed(self, sources: Mapping[str, str]) -> list[Inlet]:
        """Who was heard without being an inlet, as this machine itself may be: of every kind, and of these sources by
        name and kind. By name, with when they were heard last."""
        asked = {**{kind: kind for kind in KINDS}, **sources}
        names = sorted(set(asked) - set(self._looked()))
        sighted = self._ledger.sighted([INLETS + name for name in names])
        heard = [(name, sighted[INLETS + name]) for name in names if INLETS + name in sighted]
        return [
            Inlet(name, asked[name], asked[name], last_seen_at=seen.at, received=seen.count) for name, seen in heard
        ]

    def find(self, name: str) -> Inlet:
        """The inlet of that name; raises Usage, with a guess."""
        kept = self._kept(name)
        seen = self._ledger.sighted([INLETS + name]).get(INLETS + name)
        return _inlet(kept, seen.at if seen else None, seen.count if seen else 0)

    def mapping_of(self, name: str) -> dict[str, str]:
        """How the JSON of an inlet is read, as of the last look; empty where there is no such inlet, or it says nothing
        of that."""
        kept = self._by_name.get(name)
        return kept.mapping if kept is not None else {}

    def source_for(self, kind: str, token: str, *, name: str = "", is_open: bool) -> Source | None:
        """Which source a token shows, quick enough for every request; None where it shows none and tokens are needed.
        Where `is_open` (this machine itself), no token or a key of somebody else's making means the kind's own source:
        its group is the kind, or the kind and a digest of the key. A token of ours that does not count here never does.
        """
        self._look_sometimes()
        secret = digest(token) if token else ""
        kept = self._by_name.get(self._by_token.get(secret, ""))
        if kept is not None and (not _takes(kept.kind, kind) or (name and kept.name != name)):
            kept = None
        if kept is None and is_open and not token.startswith(SENDER_PREFIX):
            kept = self._by_name.get(name or kind)
            if kept is None or not _takes(kept.kind, kind):
                own = name or kind
                known = f"{kind}:{name}" if name and name != kind else kind
                return Source(own, kind, f"{known}:{secret[:_SHOWN_DIGITS]}" if secret else known)
        if kept is None:
            return None
        return Source(kept.name, kind, kept.group, kept.name in OWN, kept.is_paused)

    def _own(self, token: str) -> str:
        if token and not (SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN and token.isprintable() and " " not in token):
            raise Usage(f"A token of your own has {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters, and no space.")
        taken = self._by_token.get(digest(token)) if token else None
        if taken is not None:
            raise Refusal(f"This token is the inlet '{taken}''s already; two inlets cannot share one.")
        return token

    def _kept(self, name: str) -> KeptInlet:
        found = self._looked()
        if name not in found:
            near = closest(name, found)
            guess = f" Did you mean '{near}'?" if near else " 'opsbook inlet list' tells which there are."
            raise Usage(f"There is no inlet '{name[:64]}'.{guess}")
        return found[name]

    def _append(self, name: str, drafts: list[Draft], by: str) -> None:
        stream = INLETS + name
        number = len(self._ledger.read(stream))
        try:
            self._ledger.append(stream, drafts, expected=number, actor=by, at=self._now())
        finally:
            self._look()

    def _look_sometimes(self) -> None:
        now = self._now()
        if self._looked_at is None or not self._looked_at <= now < self._looked_at + LOOKED_EVERY:
            self._looked_at = now
            if self._ledger.head() != self._position:
                self._look()

    def _looked(self) -> dict[str, KeptInlet]:
        self._look()
        return self._by_name

    def _look(self) -> None:
        with self._lock:
            position = self._ledger.head()
            rows = self._ledger.rows("inlets", limit=MOST_INLETS)
            found = {each.name: each for each in (inlet_of(kept.row) for kept in rows)}
            self._by_token = {token.secret_hash: name for name, each in found.items() for token in each.tokens}
            self._by_name, self._position = found, position


def _takes(kind: str, door: str) -> bool:
    """Whether an inlet of a kind is heard at a door: both of Alertmanager's ways in are one sender's."""
    return kind == door or (kind.startswith("alertmanager") and door.startswith("alertmanager"))


def _checked(kind: str, mapping: Mapping[str, str]) -> dict[str, str]:
    if mapping and kind != "generic":
        raise Usage(f"A mapping tells how generic JSON is read; kind '{kind}' has a format of its own.")
    problems = mapping_problems(mapping)
    if problems:
        raise Usage(" ".join(problems))
    return dict(mapping)


def _inlet(kept: KeptInlet, seen_at: datetime | None, received: int) -> Inlet:
    return Inlet(
        kept.name, kept.kind, kept.group, kept.mapping, tuple(_ids(kept.tokens)), kept.is_paused, seen_at, received
    )


def _ids(tokens: tuple[InletToken, ...]) -> list[str]:
    return [token.id for token in tokens]
