"""The words, times and addresses that all public files share. Writes no file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

from msgspec import Struct

from opsbook.usecases.public_status import ComponentState, PublicPhase, PublicStatus

STATES: dict[ComponentState, str] = {
    "operational": "Operational", "degraded": "Degraded", "partial_outage": "Partial outage",
    "major_outage": "Major outage", "maintenance": "Maintenance", "unknown": "Not known",
}  # fmt: skip
OVERALL: dict[ComponentState, str] = {
    "operational": "All systems work", "degraded": "Some systems are impaired",
    "partial_outage": "Some systems do not work", "major_outage": "A system does not work",
    "maintenance": "Work is being done on some systems", "unknown": "How some systems are is not known now",
}  # fmt: skip
# The three words of the Incident Response Template; machines get Statuspage's four.
PHASES: dict[PublicPhase, str] = {
    "investigating": "Investigating", "identified": "Mitigating", "monitoring": "Mitigating", "resolved": "Resolved",
}  # fmt: skip
PLANNED = {"scheduled": "Planned", "in_progress": "In progress", "completed": "Completed"}
OLD_S = 900  # a page older than this says so itself
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class Links(Struct, frozen=True):
    """How the files name one another. `base` is the address of the page for those who read it elsewhere, without a
    slash at its end, empty where nobody knows it, and `is_base_static` where files lie there; `is_static` for files
    in a folder; `subscribe` is where one subscribes; `old_s` is after how many seconds a page says that it is old."""

    base: str = ""
    is_static: bool = False
    subscribe: str = ""
    is_base_static: bool = False
    old_s: int = OLD_S

    def home(self, depth: int = 0) -> str:
        """The first page, from a file so many folders deep."""
        return ("../" * depth + "index.html") if self.is_static else "/status"

    def file(self, name: str, depth: int = 0) -> str:
        """A file by its name."""
        if self.is_static:
            return "../" * depth + name
        return "/status/" + name.removesuffix(".html")

    def whole(self, name: str = "") -> str:
        """A file's address for those who read it elsewhere; as in `file` where nobody knows that."""
        if not self.base:
            return self.file(name) if name else self.home()
        has_files = self.is_static or self.is_base_static
        if not name:
            return self.base + ("/" if has_files else "")
        return f"{self.base}/{name if has_files else name.removesuffix('.html')}"


def incident_file(public_id: str) -> str:
    """The name of the page of an incident."""
    return f"incidents/{public_id}.html"


def stamp(at: datetime) -> str:
    """A time as machines read it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_words(at: datetime) -> str:
    """A time as people read it, in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def day_words(at: datetime) -> str:
    """A day as people read it."""
    return f"{at.day} {at:%B %Y}"


def percent(share: float) -> str:
    """A share in per cent with two digits, never rounded up to all of it."""
    whole = int(share * 10_000)
    return f"{whole // 100}.{whole % 100:02d} %" if whole < 10_000 else "100 %"


def prose(text: str) -> str:
    """Words that somebody wrote as HTML: paragraphs, lines, bold words and addresses; nothing else of it is markup."""
    paragraphs = [each.strip("\n") for each in re.split(r"\n\s*\n", clean(text).strip()) if each.strip()]
    return "".join(f"<p>{_inline(each)}</p>" for each in paragraphs)


def _inline(text: str) -> str:
    made, at = [], 0
    for found in _URL.finditer(text):
        made.append(_marked(text[at : found.start()]))
        address = escape(found[0])
        made.append(f'<a href="{address}" rel="noopener nofollow">{address}</a>')
        at = found.end()
    return "".join([*made, _marked(text[at:])]).replace("\n", "<br>")


def _marked(text: str) -> str:
    return _BOLD.sub(r"<strong>\1</strong>", escape(text))


def plain(text: str) -> str:
    """Words that somebody wrote without the marks of bold."""
    return _BOLD.sub(r"\1", clean(text).strip())


def clean(text: str) -> str:
    """A text without what neither HTML nor XML may hold."""
    return _CONTROLS.sub("\ufffd", text)


def component_names(status: PublicStatus) -> dict[str, str]:
    """The names of the components by their public ids."""
    return {each.id: each.name for each in status.components}
