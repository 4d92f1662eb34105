"""`invalid-front-matter`: front matter that cannot be read, or an `ops` key that means nothing. It is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsbook.book.lint import Around, page_rule
from opsbook.book.page import Page
from opsbook.ground.errors import Finding
from opsbook.ground.guesses import closest

KEYS: dict[str, tuple[str, ...]] = {
    "drill": ("schedule", "target", "params"),
    "owner": (),
    "schedule": (),
    "trusted": (),
}


@page_rule("invalid-front-matter", "error")
def check(page: Page, _around: Around) -> Iterator[Finding]:
    document = page.document
    if not document.front or page.kind == "template":
        return
    wrong = page.metadata.front_error
    if wrong is not None:
        form = "TOML" if document.front_form == "toml" else "YAML"
        yield _finding(page, wrong[0], f"The front matter cannot be read as {form}: {wrong[1].rstrip('.')}.", None)
        return
    ops = page.metadata.front.get("ops")
    if ops is None:
        return
    if not isinstance(ops, Mapping):
        yield _finding(page, _place(page, "ops"), "'ops' holds no keys.", "Write 'ops:' and its keys below it.")
        return
    for key, value in ops.items():
        if key not in KEYS:
            yield _unknown(page, str(key), "ops", tuple(KEYS))
        elif isinstance(value, Mapping) and KEYS[key]:
            for inner in value:
                if inner not in KEYS[key]:
                    yield _unknown(page, str(inner), f"ops.{key}", KEYS[key])


def _unknown(page: Page, key: str, within: str, known: tuple[str, ...]) -> Finding:
    near = closest(key, known)
    fix = f"Did you mean '{near}'?" if near else f"It may hold {', '.join(known)}."
    return _finding(page, _place(page, key), f"'{within}' has no key '{key}'.", fix)


def _place(page: Page, key: str) -> int:
    """Where a key stands in the front matter; its start when it is not written plainly."""
    document = page.document
    end = document.front_start + len(document.front.encode())
    at = document.content.find(key.encode("utf-8", "replace"), document.front_start, end)
    return document.front_start if at < 0 else at


def _finding(page: Page, start: int, message: str, fix: str | None) -> Finding:
    end = page.document.content.find(b"\n", start)
    place = (start, max(start, len(page.document.content) if end < 0 else end))
    return page.finding(
        "invalid-front-matter", "error", place, message, fix=fix or "Mend the line, or quote the value."
    )
