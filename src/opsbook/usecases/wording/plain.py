"""A message as plain text, cut to what a kind of contact takes. Never cuts a link, and says where it cut.

Each kind has its own order: an SMS says what is wrong and where to answer before anything else, an e-mail has room for
all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from opsbook.usecases.wording.told import COMMAND, Told, moment

# Characters of a title and of a body. An SMS is charged by 160 (GSM 03.38, 7 bits), and three of them are what
# providers join; push services cut at about 240 and 1,000; Slack and Discord at 4,000, and less in what wraps them.
SIZES: dict[str, tuple[int, int]] = {
    "sms": (160, 480), "phone": (160, 480), "push": (240, 1000), "chat": (240, 3500), "channel": (240, 3500),
}  # fmt: skip
WHOLE = (240, 20_000)  # everything else, such as e-mail
_TITLED = frozenset({"chat", "channel"})  # these show the title above the text
_FIRST = 160  # of an SMS: what is wrong and the link stand in it
# What GSM 03.38 lacks makes every character of the message take 16 bits; these have a twin that it has.
_SIMPLE = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "·": "-",
                         "→": "->", "\u00a0": " ", "`": "'", "×": "x"})  # fmt: skip


class Block(Struct, frozen=True):
    """A part of a text: of those that do not fit, the one with the highest `rank` is cut first; rank 0 never is."""

    rank: int
    text: str


def text_of(told: Told, kind: str) -> tuple[str, str]:
    """The title and the body of a message for a kind of contact."""
    title_size, size = SIZES.get(kind, WHOLE)
    if kind in ("sms", "phone"):
        return sms_of(told.title, list(_short(told)), "\n")
    if kind == "push":
        return shortened(told.title, title_size), fitted(list(_push(told)), size, "\n")
    long = list(_long(told, is_titled=kind in _TITLED))
    return shortened(told.title, title_size), fitted(long, size, "\n\n")


def sms_of(title: str, blocks: Sequence[Block], between: str) -> tuple[str, str]:
    """The title and body of an SMS, in its own letters."""
    title_size, size = SIZES["sms"]
    plain = [Block(block.rank, simple(block.text)) for block in blocks]
    room = 2 * len(plain)  # each may be cut, and three dots then stand for one
    return simple(shortened(simple(title), title_size - 2)), simple(fitted(plain, size - room, between))


def simple(text: str) -> str:
    """Text in the letters that an SMS has anyway."""
    return text.translate(_SIMPLE)


def shortened(text: str, size: int) -> str:
    """The text in at most so many characters, cut behind a word where it is too long; empty where none is left."""
    if len(text) <= size:
        return text
    kept = text[: max(0, size - 1)]
    at = max(kept.rfind(" "), kept.rfind("\n"))
    kept = kept[:at] if at > size // 2 else kept
    return f"{kept.rstrip()}…" if kept.strip() else ""


def fitted(blocks: Sequence[Block], size: int, between: str) -> str:
    """The blocks in their order, cut to a size by their ranks."""
    kept = [block for block in blocks if block.text]
    while (over := len(between.join(block.text for block in kept)) - size) > 0:
        least = max(kept, key=lambda block: block.rank)
        if least.rank == 0:
            break  # links alone are longer than that; half of one would be worth nothing
        cut = shortened(least.text, len(least.text) - over)
        index = kept.index(least)
        kept[index : index + 1] = [Block(least.rank, cut)] if len(cut) > 20 and cut != least.text else []
    return between.join(block.text for block in kept)


def link_line(told: Told) -> str:
    """Where to answer, else where to read on."""
    if told.wants_answer:
        return f"Acknowledge: {told.ack_url}"
    if told.purpose == "test" and told.ack_url:
        return f"Or open {told.ack_url}"
    return told.page_url


def lead(told: Told) -> str:
    """What kind of thing it is, since when, and how much of it."""
    if told.purpose == "test":
        return "This is a test of how you are reached. Nothing is wrong."
    since = f"since {moment(told.since, told.zone, told.sent_at)}"
    if told.purpose == "resolved" and told.goes_on:
        return f"The alert is over; it had gone on {since}. INC-{told.incident} goes on."
    if told.purpose == "resolved":
        return f"It is over. It had gone on {since}."
    counted = f"{told.count} alerts" if told.count > 1 else "1 alert" if told.count else ""
    return f"Open {since}" + (f": {counted}." if counted else ".")


def _short(told: Told) -> Iterator[Block]:
    link = link_line(told).replace("Acknowledge:", "Ack:")
    if told.code:
        yield Block(0, f"Opsbook code {told.code}")
        yield Block(0, link)
        yield Block(3, lead(told))
        return
    yield Block(1, shortened(told.title, max(40, _FIRST - len(link) - 1)))
    yield Block(0, link)
    yield Block(4, " ".join(told.notes))
    yield Block(2, _first_lines(told, 3))
    yield Block(3, told.why)
    yield Block(5, told.incident_url)


def _push(told: Told) -> Iterator[Block]:
    yield Block(0, f"Your code is {told.code}" if told.code else "")
    yield Block(5, " ".join((*told.notes, lead(told))))
    yield Block(1, _first_lines(told, 6))
    yield Block(2, _alerts(told, 3))
    yield Block(3, "\n".join(told.health))
    yield Block(4, told.why)
    yield Block(5, _incident(told))
    yield Block(0, link_line(told))


def _long(told: Told, *, is_titled: bool) -> Iterator[Block]:
    yield Block(1, "\n".join(filter(None, ("" if is_titled else told.title, *told.notes, lead(told)))))
    yield Block(0, f"Your code is {told.code}" if told.code else "")
    yield Block(2, f"Why you: {told.why}" if told.why else "")
    yield Block(0, link_line(told) if told.ack_url else "")
    yield Block(1, _incident(told))
    yield Block(3, _section(told))
    yield Block(4, _alerts(told, 10))
    yield Block(5, _listed("Health", told.health))
    yield Block(6, _listed("Changed lately", told.recent))
    yield Block(7, _listed("Also on call", told.on_call))
    yield Block(0, f"Everything about it: {told.page_url}" if told.page_url else "")


def _incident(told: Told) -> str:
    return f"The incident, INC-{told.incident}: {told.incident_url}" if told.incident is not None else ""


def _first_lines(told: Told, most: int) -> str:
    if told.section is None:
        return ""
    return "\n".join(told.section.steps[:most])


def _section(told: Told) -> str:
    section = told.section
    if section is None:
        return "" if told.is_notice or told.purpose in ("resolved", "test") else "No page of the book speaks of it."
    steps = [f"    {line}" if line.startswith(COMMAND) else f"  {line}" for line in section.steps]
    name = section.title if section.title == section.page else f"{section.title} ({section.page})"
    commit = f" At commit {section.commit[:12]}." if section.commit else ""
    lead = f"First steps, from {name}:" if steps else f"Read {name}:"
    return "\n".join([lead, *steps, f"  {section.url}", f"  {section.why}{commit}"])


def _alerts(told: Told, most: int) -> str:
    if not told.alerts:
        return ""
    lines = [f"Alerts: {told.count}" if told.count > 1 else "Alert:"]
    lines += [f"  They differ in {name}: {', '.join(values[:8])}" + (", …" if len(values) > 8 else "")
              for name, values in told.differing[:6]]  # fmt: skip
    lines += [f"  - {alert.summary or alert.name}" for alert in told.alerts[:most]]
    more = told.count - min(most, len(told.alerts))
    lines += [f"  and {more} more"] if more > 0 else []
    if told.gone:
        lines.append(f"  {told.gone} more ended meanwhile.")
    return "\n".join(lines)


def _listed(lead: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{lead}:", *(f"  - {line}" for line in lines)]) if lines else ""
