"""Whatever is recorded in whatever order: the timeline composes, sorted, and as it would be composed from the beginning."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as some
from tests.usecases.timeline_world import START, World

from opsbook.ledger import alert_events, page_events, run_events
from opsbook.ledger import incident_events as own
from opsbook.ledger.event import Draft
from opsbook.ledger.incident_events import Members

_A, _P, _R = "alert/a1", "page/p1", "run/r1"
MEMBERS = some.sampled_from([Members(alerts=("a1",)), Members(pages=("p1",)), Members(runs=("r1",), services=("web",)),
                             Members(alerts=("a1",), pages=("p1",), services=("web",))])  # fmt: skip
TEXTS = some.text(max_size=12)
MINUTES = some.integers(-30, 30).map(lambda minutes: START + timedelta(minutes=minutes))
KEYS = some.builds(lambda stream, number: f"{stream}:{number}", some.sampled_from(["incident/i14", _A, _P, "x"]),
                   some.integers(1, 9))  # fmt: skip
OWN = some.one_of(
    some.builds(own.noted, TEXTS, some.sampled_from(["note", "decision", "chat"]), happened_at=MINUTES),
    some.builds(own.corrected, KEYS, TEXTS, text=some.none() | TEXTS, happened_at=some.none() | MINUTES,
                is_struck=some.booleans()),
    some.builds(own.pinned, KEYS, some.booleans()),
    some.builds(own.moved, some.sampled_from(["investigating", "monitoring", "resolved", "closed"]), TEXTS),
    some.builds(own.attached, MEMBERS, TEXTS), some.builds(own.detached, MEMBERS, TEXTS),
    some.builds(own.acknowledged, some.just("ada"), some.just("web")),
    some.builds(own.task_set, some.integers(1, 3), TEXTS, some.sampled_from(["open", "done"])),
    some.builds(own.edited, some.just("started_at"), some.none(), MINUTES.map(lambda at: at.isoformat())),
    some.builds(own.update_published, some.integers(1, 2), some.just(())),
    some.just(Draft("NobodyKnowsThisOne", {"x": 1})),
).map(lambda draft: ("incident/i14", draft))
OTHERS = some.one_of(
    some.sampled_from([alert_events.acknowledged("ada", None), alert_events.stale("."), alert_events.changed({"severity": "P0"}),
                       alert_events.resolved("sender", START, "")]).map(lambda draft: (_A, draft)),
    some.sampled_from([page_events.attempt_begun(1, 1), page_events.attempt_ended(1, 1, "failed", reason="no"),
                       page_events.settled(1, "cancelled", "over"), page_events.page_acknowledged("ada", "web", None),
                       page_events.page_done("resolved", "")]).map(lambda draft: (_P, draft)),
    some.sampled_from([run_events.step_ended("1", "done"), run_events.step_unknown("2", "?"),
                       run_events.run_ended("failed", "")]).map(lambda draft: (_R, draft)),
    some.sampled_from(["fire", "page", "health", "look"]).map(lambda what: (what, Draft(""))),
)


@settings(max_examples=60, deadline=None)
@given(some.lists(some.one_of(OWN, OTHERS, some.just(("look", Draft("")))), max_size=25), some.booleans())
def test_it_composes_sorted_and_as_from_the_beginning(told: list[tuple[str, Draft]], is_declared: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place))
        try:
            if is_declared:
                world.fire()
                world.page()
            world.declare(Members(alerts=("a1",), services=("web",)) if is_declared else None)
            _play(world, told)
            kept, fresh = world.entries(), world.fresh()
            assert list(kept) == sorted(fresh, key=lambda each: (each.at, each.position, each.key))
        finally:
            world.ledger.close()


def _play(world: World, told: list[tuple[str, Draft]]) -> None:
    shown: dict[str, str] = {}
    position = 0
    for stream, draft in told:
        world.forward(1)
        if stream in ("fire", "page"):
            getattr(world, stream)()
        elif stream == "health":
            world.health("unhealthy")
        elif stream == "look":
            world.entries()
        else:
            world.put(stream, draft)
        news = world.timelines.news(world.find(), position)
        # Whoever follows by news alone sees what is shown.
        if news.is_anew:
            shown = {each.key: each.text for each in world.entries()}
        else:
            shown |= {each.key: each.text for each in news.entries}
            for key in news.gone:
                shown.pop(key, None)
        position = news.position
        assert shown == {each.key: each.text for each in world.entries()}
