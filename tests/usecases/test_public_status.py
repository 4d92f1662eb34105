"""What everybody may know: which updates are shown, how a component is, what is planned, what a day's readings were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.whole_reading import page_of

from opsbook.adapters.sqlite_ledger import SqliteLedger
from opsbook.book.incident_policy import read_policy
from opsbook.book.lint import Outline
from opsbook.book.probe import probes_of
from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger import incident_events as events
from opsbook.ledger.event import Draft
from opsbook.ledger.health import Health
from opsbook.ledger.views import VIEWS
from opsbook.usecases.library import Book, PageFacts
from opsbook.usecases.maintenance import Maintenances
from opsbook.usecases.public_incidents import sentence, titled
from opsbook.usecases.public_reading import PublicReading, Sources, read_status
from opsbook.usecases.public_site import file_names, file_of
from opsbook.usecases.public_site.words import Links, percent, prose
from opsbook.usecases.public_status import PublicStatus
from opsbook.usecases.public_uptime import Uptimes
from opsbook.usecases.serving_ports import Bucket

AT = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
TABLE = "| Component | Services |\n|-|-|\n| Paying | payments |\n| Telephone | |\n"
RUNBOOK = """# Runbook: Payments

**Service:** payments

## Health Checks
- **Health Check URL:** http://payments.internal/health
- **Expected Response:** 200 OK

- **Health Check URL:** http://ledger.internal/health
- **Expected Response:** 200 OK
"""


class NoSamples:
    """Readings: none, or these buckets for each probe."""

    def __init__(self, *buckets: Bucket) -> None:
        self.kept = list(buckets)
        self.asked = 0

    def buckets(self, probe: str, start: datetime, end: datetime, count: int) -> list[Bucket]:
        self.asked += 1
        return self.kept


class Stage:
    """A ledger, a book whose policy says what is shown, and how its probes are."""

    def __init__(self, folder: Path) -> None:
        self.ledger = SqliteLedger(str(folder / "ledger.db"), views=VIEWS)
        self.samples = NoSamples()
        self.at = AT
        self.states: list[str] = []
        self.words = ""

    def book(self) -> Book:
        facts = {}
        for path, text in (("incidents/incident-response.md", f"# Response\n\n## Status Page\n\n{self.words}\n\n{TABLE}"),
                           ("runbooks/payments.md", RUNBOOK)):  # fmt: skip
            page = page_of(text, path)
            outline = Outline(path, page.kind, page.title, page.service, frozenset(), (), frozenset(), ())
            facts[path] = PageFacts(
                path, "", page.kind, page.title, page.service, None, None, outline, probes=probes_of(page),
                policy=read_policy(page),
            )  # fmt: skip
        return Book(1, None, {}, facts, is_whole=True)

    def sources(self) -> Sources:
        return Sources(self.book, self.ledger, self.healths, Uptimes(self.samples))

    def healths(self, keys):
        return {key: Health(key, state, AT) for key, state in zip(keys, self.states, strict=False)}

    def status(self) -> PublicStatus:
        return read_status(self.sources(), self.at, self.at)

    def incident(self, number: int, *drafts: Draft, is_drill: bool = False, at: datetime = AT) -> None:
        first = events.declared(
            number=number, title="Internal", state="investigating", severity="P1", severity_why="", is_drill=is_drill
        )
        self.ledger.append(f"incident/i{number}", [first, *drafts], expected=0, actor="ada", at=at)

    def go_on(self, number: int, *drafts: Draft, at: datetime | None = None) -> None:
        self.ledger.append(f"incident/i{number}", drafts, expected=None, actor="ada", at=at or self.at)

    def states_shown(self) -> list[str]:
        return [each.state for each in self.status().components]


def told(update: int, body: str = "Down.", **components: str) -> tuple[Draft, ...]:
    return (
        events.update_drafted(update, audience="customers", body=body, components=components),
        events.update_published(update, ()),
    )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.ledger.close()


def test_an_incident_of_which_customers_were_told_nothing_is_not_shown(stage: Stage):
    stage.incident(1, events.update_drafted(1, audience="customers", body="A draft."))
    assert (stage.status().incidents, stage.status().state) == ((), "operational")


def test_a_drill_is_never_shown(stage: Stage):
    stage.incident(1, *told(1, Paying="major_outage"), is_drill=True)
    assert (stage.status().all_incidents, stage.states_shown()[0]) == ((), "operational")


def test_a_component_is_as_the_last_update_says_that_names_it(stage: Stage):
    stage.incident(1, *told(1, Paying="major_outage"), *told(2), *told(3, paying="degraded_performance"))
    assert stage.states_shown() == ["degraded", "operational"]


def test_of_two_incidents_the_graver_word_holds(stage: Stage):
    stage.incident(1, *told(1, Paying="major_outage"))
    stage.incident(2, *told(1, Paying="operational"))
    assert (stage.states_shown()[0], stage.status().state) == ("major_outage", "major_outage")


def test_what_is_over_says_nothing_of_components_any_more(stage: Stage):
    stage.incident(1, *told(1, Paying="major_outage"), events.moved("resolved"))
    found = stage.status()
    assert ([each.phase for each in found.past], found.state) == (["resolved"], "operational")


def test_one_that_begins_anew_is_investigated_again(stage: Stage):
    stage.incident(1, *told(1), events.moved("resolved"), *told(2, "Over."), events.moved("investigating"))
    assert [each.phase for each in stage.status().incidents] == ["investigating"]


def test_one_that_was_merged_goes_on_while_the_other_does(stage: Stage):
    stage.incident(1, *told(1), events.related("merged into", 2, ""), events.moved("merged"))
    stage.incident(2)
    assert len(stage.status().incidents) == 1
    stage.go_on(2, events.moved("resolved"))
    assert (len(stage.status().incidents), len(stage.status().past)) == (0, 1)


def test_an_update_keeps_the_phase_in_which_it_was_told(stage: Stage):
    stage.incident(1, *told(1), events.moved("identified"), *told(2), events.moved("monitoring"), *told(3))
    assert [each.phase for each in stage.status().incidents[0].updates] == ["monitoring", "identified", "investigating"]


def test_a_correction_stands_in_the_place_of_what_it_corrects(stage: Stage):
    stage.incident(1, *told(1, "Wrong."))
    stage.at = AT + timedelta(minutes=5)
    stage.go_on(
        1, events.update_drafted(2, audience="customers", body="Right.", corrects=1), events.update_published(2, ())
    )
    updates = stage.status().incidents[0].updates
    assert [(each.body, each.at, each.corrected_at) for each in updates] == [("Right.", AT, stage.at)]


def test_what_was_withdrawn_is_gone(stage: Stage):
    stage.incident(1, *told(1), events.update_withdrawn(1, "Nonsense."))
    assert stage.status().all_incidents == ()


def test_what_is_over_for_longer_than_the_days_shown_is_gone(stage: Stage):
    stage.incident(1, *told(1), events.moved("resolved"))
    stage.at = AT + timedelta(days=91)
    assert stage.status().past == ()


@pytest.mark.parametrize(
    ("words", "states", "shown"),
    [
        ("", ["healthy", "healthy"], "operational"),
        ("", ["healthy", "unknown"], "unknown"),
        ("", ["unhealthy", "unhealthy"], "degraded"),
        ("- **Health Checks:** outage", ["unhealthy", "healthy"], "partial_outage"),
        ("- **Health Checks:** outage", ["unhealthy", "unhealthy"], "major_outage"),
        ("- **Health Checks:** never shown", ["unhealthy", "unhealthy"], "operational"),
    ],
)
def test_health_checks_speak_as_far_as_the_page_lets_them(stage: Stage, words: str, states: list[str], shown: str):
    stage.words, stage.states = words, states
    assert stage.states_shown() == [shown, "operational"]


def test_a_person_says_more_than_a_health_check(stage: Stage):
    stage.states = ["unhealthy", "unhealthy"]
    stage.incident(1, *told(1, Paying="operational"))
    assert stage.states_shown()[0] == "operational"
    assert stage.status().state == "degraded"  # customers were told of a problem all the same


def maintenances(stage: Stage) -> Maintenances:
    return Maintenances(stage.ledger, stage.book, now=lambda: stage.at, chance=lambda size: b"\1" * size)


def test_planned_work_is_shown_before_during_and_after(stage: Stage):
    verbs = maintenances(stage)
    verbs.announce("Upgrade", "ada", starts_at=AT + timedelta(hours=1), ends_at=AT + timedelta(hours=2), components=["paying"])
    assert ([each.phase for each in stage.status().maintenances], stage.states_shown()[0]) == (["scheduled"], "operational")
    stage.at = AT + timedelta(minutes=90)
    assert ([each.phase for each in stage.status().maintenances], stage.states_shown()[0]) == (["in_progress"], "maintenance")
    stage.at = AT + timedelta(hours=3)
    assert [each.phase for each in stage.status().past_maintenances] == ["completed"]


def test_planned_work_that_is_called_off_is_not_shown(stage: Stage):
    verbs = maintenances(stage)
    made = verbs.announce("Upgrade", "ada", starts_at=AT + timedelta(hours=1), ends_at=AT + timedelta(hours=2))
    verbs.end(made.id, "ada")
    assert stage.status().all_maintenances == ()
    with pytest.raises(Refusal, match="cancelled already"):
        verbs.end(made.id, "ada")


def test_planned_work_names_components_that_there_are(stage: Stage):
    with pytest.raises(Usage, match="Did you mean 'Paying'"):
        maintenances(stage).announce("Upgrade", "ada", starts_at=AT, ends_at=AT + timedelta(hours=1), components=["Payin"])


@pytest.mark.parametrize("hours", [(2, 1), (-3, -2), (0, 24 * 400)])
def test_planned_work_has_times_that_can_be(stage: Stage, hours: tuple[int, int]):
    begin, end = (AT + timedelta(hours=each) for each in hours)
    with pytest.raises(Usage):
        maintenances(stage).announce("Upgrade", "ada", starts_at=begin, ends_at=end)


def test_uptime_is_told_by_day_over_all_checks_of_a_component(stage: Stage):
    stage.samples = NoSamples(Bucket(AT.replace(hour=0), 86400, 7, 1, 0, 0, 0))
    paying = stage.status().components[0]
    assert (len(paying.days), paying.days[-1].day, paying.days[-1].ok, paying.days[-1].failed) == (90, date(2026, 3, 5), 14, 2)
    assert (paying.uptime, paying.days[0].share) == (0.875, None)


def test_readings_are_not_asked_for_each_time(stage: Stage):
    uptimes = Uptimes(stage.samples)
    for seconds in (0, 30, 119):
        uptimes.of(["a"], AT + timedelta(seconds=seconds))
    assert stage.samples.asked == 1
    uptimes.of(["a"], AT + timedelta(seconds=121))
    assert stage.samples.asked == 2


def test_however_many_look_the_ledger_is_asked_once_a_second(stage: Stage):
    reading = PublicReading(stage.sources(), now=lambda: stage.at)
    first = reading.status()
    stage.incident(1, *told(1))
    assert reading.status() is first
    stage.at += timedelta(seconds=1)
    assert len(reading.status().incidents) == 1


@pytest.mark.parametrize(
    ("body", "title"),
    [("# Cards\n\nDown.", ("Cards", "Down.")), ("**Cards are refused**\nDown.", ("Cards are refused", "Down.")),
     ("Cards **are** refused.\nDown.", ("", "Cards **are** refused.\nDown.")), ("", ("", ""))],
)  # fmt: skip
def test_an_update_may_give_itself_a_title(body: str, title: tuple[str, str]):
    assert titled(body) == title


def test_without_a_title_the_first_sentence_is_one():
    assert sentence("Cards are refused. We look at it.\nMore.") == "Cards are refused"
    assert len(sentence("word " * 200)) <= 122


@pytest.mark.parametrize(("share", "words"), [(1.0, "100 %"), (0.99999, "99.99 %"), (0.5, "50.00 %"), (0.0, "0.00 %")])
def test_a_share_is_never_rounded_up_to_all(share: float, words: str):
    assert percent(share) == words


@given(st.text(max_size=300))
def test_whatever_somebody_wrote_is_text(text: str):
    made = prose(text)
    for allowed in ("<p>", "</p>", "<br>", "<strong>", "</strong>", "</a>"):
        made = made.replace(allowed, "")
    assert "<" not in made.replace('<a href="http', "")


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_file_can_be_made_of_any_words(title: str, body: str):
    status = msgspec.structs.replace(EMPTY, title=title or "x", introduction=body, contact=body)
    for name in file_names(status):
        assert file_of(name, status, Links()) is not None
    from xml.etree import ElementTree

    for name in ("feed.atom", "feed.rss", "badge.svg", "icon.svg"):
        ElementTree.fromstring(file_of(name, status, Links()) or b"")


EMPTY = PublicStatus(AT, "x", "", "", "operational")
