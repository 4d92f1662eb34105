"""No page of a run is moved by markup in what people and programs write: it stays text, and sets no attribute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import msgspec
import pytest
from tests.entrypoints.door import Door, opened, write_repository
from tests.entrypoints.played_runs import begun, ended, play, started
from tests.entrypoints.run_door import DEPLOY, PAGES, PATH, asked, see, send
from tests.xss_vectors import VECTORS

from opsbook.book.plan import Gate, Plan
from opsbook.ledger import run_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.run import Run, stream_of

LINES = tuple("".join(letter for letter in each.replace("\n", " ") if letter.isprintable()) for each in VECTORS)
EVIL = " ".join(LINES)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door to a book with procedures."""
    root = tmp_path_factory.mktemp("web")
    write_repository(root, PAGES)
    with opened(root) as door:
        yield door


class Seen(HTMLParser):
    """What a browser would make of a page: everything in it that no page of ours has."""

    def __init__(self, page: str, leads_to: tuple[str, ...] = ("/", "#")) -> None:
        super().__init__()
        self._leads_to = leads_to
        self.wrong: list[str] = []
        self._is_script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_script = tag in ("script", "style")
        if tag in ("iframe", "object", "embed", "base", "math", "audio", "video", "marquee", "frameset"):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            is_code = name.startswith("on") or name in ("srcdoc", "style", "formaction")
            is_elsewhere = name == "src" and not (value or "").startswith("/assets/")
            leads = name in ("href", "action", "hx-get", "hx-post") and not (value or "").startswith(self._leads_to)
            if is_code or is_elsewhere or leads:
                self.wrong.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        if self._is_script and "ran" in data:
            self.wrong.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False


def is_text(page: str) -> None:
    """Every vector in a page is text."""
    assert Seen(page).wrong == []
    for vector in LINES:
        assert "<" not in vector or vector not in page


def hostile(door: Door) -> Run:
    """A run all of whose words are hostile: as a page, an inventory and a configuration could have made it."""
    run = started(door, DEPLOY, {"VERSION": "v1"})
    first = door.desk.ledger.read(stream_of(run.id))[0]
    steps = tuple(
        msgspec.structs.replace(
            step, text=EVIL, danger=EVIL, notes=((EVIL, EVIL),), targets=(EVIL,) if step.script else step.targets,
            script=msgspec.structs.replace(step.script, text=EVIL, cwd=EVIL, user=EVIL, expected=EVIL) if step.script else None,
            gate=Gate(1, (EVIL,), EVIL) if step.number == "2" else None, kind="approval" if step.number == "2" else step.kind,
        ) for step in run.plan.steps
    )  # fmt: skip
    plan: Plan = msgspec.structs.replace(
        run.plan, title=EVIL, service=EVIL, steps=steps, values={"VERSION": EVIL}, environment=EVIL, lock=EVIL, danger=EVIL,
        danger_word=EVIL,
    )  # fmt: skip
    facts = {**first.facts, "plan": msgspec.to_builtins(plan), "document": EVIL, "aliases": [EVIL], "editor": EVIL}
    name = f"{run.id}x"
    door.desk.ledger.append(stream_of(name), [Draft(first.kind, facts)], expected=0, actor=EVIL, at=datetime.now(UTC))
    return door.desk.runs.find(name)


def test_a_hostile_run_is_text_on_every_page_that_shows_it(web):
    run = hostile(web)
    key = f"{run.id}/1.1"
    run = play(web, run, events.attempt_intended("1", key, target=EVIL, purpose="step", epoch=1, limit_at=None))
    web.desk.outputs.append(key, 0, "\n".join(VECTORS).encode())
    run = ended(web, run, "1", exit=3, tail=EVIL)
    run = play(web, run, events.step_decided("1", "done", EVIL), by=EVIL)
    until = datetime.now(UTC) + timedelta(hours=1)
    run = play(web, run, events.person_asked("2", "approval", EVIL, until=until, digest="d" * 64))
    run = play(web, run, events.step_approved("2", "d" * 64, EVIL), by=EVIL)
    run = play(web, run, events.step_answered("3", values={"ROWS": EVIL}, why=EVIL), by=EVIL)
    paths = (
        f"/runs/{run.id}", f"/runs/{run.id}/approve?step=2", f"/runs/{run.id}/output/page?step=1", "/runs", "/",
        f"/fragments/runs/{run.id}/output?step=1", "/fragments/runs", "/fragments/activity", f"/run?at={quote(DEPLOY, safe='')}",
        "/procedures", f"/book/{PATH}", "/services/web",
    )  # fmt: skip
    for path in paths:
        is_text(see(web, path))
    for question in ("confirm", "danger", "ask", "check", "failed", "unknown", "changed"):
        is_text(see(web, f"/runs/{asked(web, run, '3', question, EVIL).id}"))
    for draft in (events.step_unknown("3", EVIL), events.run_held(EVIL, EVIL), events.run_paused(EVIL), events.cancel_asked(EVIL)):
        run = play(web, run, draft, by=EVIL)
        for path in paths:
            is_text(see(web, path))
    run = play(web, run, events.run_ended("failed", EVIL))
    for path in (*paths, "/runs?state=not", f"/runs?at={quote(EVIL[:300], safe='')}"):
        is_text(see(web, path))


def test_the_kept_transcript_of_a_hostile_run_is_a_page_without_dangers(web):
    run = ended(web, begun(web, hostile(web), "1", "\n".join(VECTORS).encode()), "1")
    run = play(web, run, events.run_ended("failed", EVIL))
    address = send(web, f"/runs/{run.id}/transcript", role="responder", by="grace")
    page = see(web, address)
    assert [vector for vector in LINES if "<" in vector and vector in page] == []
    assert "Run of" in page
    assert Seen(page, ("/", "#", "http://", "https://")).wrong == []  # addresses in the prose of a page are links


def test_what_was_typed_into_forms_comes_back_as_text(web):
    run = asked(web, started(web, DEPLOY, {"VERSION": EVIL[:4000]}), "3", "ask")
    is_text(see(web, f"/run?at={quote(DEPLOY, safe='')}&p-VERSION={quote(EVIL[:1500], safe='')}&p-STAGE={quote(EVIL[:1500], safe='')}"))
    refused = (
        ("/run", {"at": DEPLOY, "p-VERSION": EVIL, "p-COUNT": EVIL, "on": EVIL}, 400),
        (f"/runs/{run.id}", {"do": "confirm", "step": "3", "ask-ROWS": EVIL}, 400),
        (f"/runs/{run.id}", {"do": EVIL, "step": EVIL, "why": EVIL}, 400),
        (f"/runs/{run.id}", {"do": "cancel", "step": "3", "why": EVIL}, 400),
    )  # fmt: skip
    for path, fields, status in refused:
        session = web.session("operator", "olga")
        sent = {"csrf": session["x-csrf-token"], **fields}
        answer = web.ask("POST", path, headers={"cookie": session["cookie"], "accept": "text/html"}, data=sent)
        assert answer.status_code == status
        is_text(answer.text)
    for path in (f"/run?at={quote(EVIL[:500], safe='')}", f"/runs/{quote(EVIL[:200], safe='')}",
                 f"/runs/{run.id}/approve?step={quote(EVIL[:500], safe='')}", f"/runs/{run.id}/output?step={quote(EVIL[:500], safe='')}"):  # fmt: skip
        is_text(see(web, path, status=404))
