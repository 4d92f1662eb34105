"""Several pages in one message: the gravest first, each with its first step and its own link. Gathers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from opsbook.usecases.alerting_ports import Message
from opsbook.usecases.wording.facts import VERSION, facts_of
from opsbook.usecases.wording.html import badge, button, document, link, quiet
from opsbook.usecases.wording.plain import SIZES, WHOLE, Block, fitted, shortened, sms_of
from opsbook.usecases.wording.told import Told

_COLOUR = "#44546a"
_NAMED = 40  # characters of a page in the title
_SHOWN = 40  # pages in one message; the rest is counted


def digest_of(told: Sequence[Told], why: str, kind: str, *, list_url: str, key: str) -> Message:
    """One message for all of these, which is known by `key`; `list_url` is where every page is."""
    first = told[0]
    title_size, size = SIZES.get(kind, WHOLE)
    title = shortened(_title(told), title_size)
    is_short = kind in ("sms", "phone")
    blocks = list(_blocks(told, title, why, is_short=is_short, list_url=list_url))
    if is_short:
        title, body = sms_of(title, blocks, "\n")
    else:
        body = fitted(blocks, size, "\n" if kind == "push" else "\n\n")
    facts = {
        "version": VERSION, "key": key, "thread": f"page/{first.page}", "purpose": "digest", "title": title,
        "sent_at": first.sent_at.isoformat(), "severity": first.severity, "person": first.person, "why": why,
        "page_url": list_url, "pages": [facts_of(each) for each in told],
    }  # fmt: skip
    html = _html(told, title, why, list_url) if kind in ("email", "webhook") else ""
    return Message(key, kind, title, body, first.severity, html, first.ack_url, list_url, facts)


def _title(told: Sequence[Told]) -> str:
    """How many they are, how grave, and what the first two are about."""
    named = "; ".join(shortened(each.headline.removeprefix(f"{each.severity} "), _NAMED) for each in told[:2])
    more = f" and {len(told) - 2} more" if len(told) > 2 else ""
    return f"{len(told)} pages, gravest {told[0].severity}: {named}{more}"


def _blocks(
    told: Sequence[Told], title: str, why: str, *, is_short: bool, list_url: str
) -> Iterator[Block]:
    """The gravest is never cut from the text, and its link neither; those behind it go first."""
    yield Block(1, shortened(title, 120) if is_short else title)
    yield Block(2, why)
    for number, each in enumerate(told[:_SHOWN]):
        steps = each.section.steps[:1] if each.section is not None else ()
        answer = f"Acknowledge: {each.ack_url}" if each.wants_answer else ""
        lines = (each.title, *(f"First: {step}" for step in steps if not is_short))
        yield Block(10 + number if number else 3, "\n".join(lines))
        if answer and number == 0:
            yield Block(0, answer)
        elif answer and not is_short:
            yield Block(10 + number, answer)
    yield Block(0, f"All of them: {list_url}")


def _html(told: Sequence[Told], title: str, why: str, list_url: str) -> str:
    heading = f'<h1 style="margin:8px 0 4px;font-size:22px;line-height:1.3">{len(told)} pages</h1>\n'
    parts = [heading, quiet(why)]
    for each in told[:_SHOWN]:
        parts.append('<div class="line" style="border-top:1px solid #d8dce2;padding-top:14px;margin-top:14px">')
        parts.append(badge(each) + f'<p class="text" style="margin:6px 0;font-weight:600">{escape(each.subject)}</p>')
        if each.section is not None and each.section.steps:
            parts.append(f'<p class="text" style="margin:4px 0">{escape(each.section.steps[0])}</p>'
                         f'<p style="margin:4px 0">{link(each.section.url, each.section.title)}</p>')  # fmt: skip
        if each.wants_answer:
            parts.append(button(each.ack_url, "Acknowledge this one", _COLOUR))
        parts.append("</div>\n")
    if len(told) > _SHOWN:
        parts.append(f'<p class="text">and {len(told) - _SHOWN} more</p>')
    parts.append(f"<p>{link(list_url, 'All of them')}</p>")
    return document(title, why, "".join(parts), _COLOUR)
