"""What people do with alerts: they find them, take care of them, say that they are over, and write to them."""

from __future__ import annotations

import time

import pytest
from tests.usecases.alert_world import AlertWorld

from opsbook.ground.errors import Refusal, Usage
from opsbook.ledger.matchers import matchers_of


@pytest.fixture
def world(tmp_path):
    world = AlertWorld(tmp_path)
    yield world
    world.close()


def test_to_acknowledge_an_alert_acknowledges_its_page(world):
    world.hear(world.fires())
    (after,) = world.verbs.acknowledge([world.alert.id], "ada", via="web")
    assert (after.status, after.acknowledged_by) == ("acknowledged", "ada") == (world.alert.status, "ada")
    assert [(page.state, page.acknowledged[0].via) for page in world.pages] == [("acknowledged", "web")]


def test_an_acknowledgement_ends_and_the_alert_fires_again(world):
    world.hear(world.fires())
    world.verbs.acknowledge([world.alert.id], "ada", via="web", for_s=600)
    world.later(minutes=9)
    assert world.alert.status == "acknowledged"
    world.later(minutes=2)
    assert world.alert.status == "firing" and "ada took care of it" in world.alert.why


def test_an_acknowledgement_that_is_taken_back_wakes_people_again(world):
    world.hear(world.fires())
    world.verbs.acknowledge([world.alert.id], "ada", via="web")
    world.verbs.unacknowledge([world.alert.id], "ada")
    assert world.alert.status == "firing"
    assert [page.state for page in world.pages] == ["active"]


def test_what_a_person_ends_ends_its_page(world):
    world.hear(world.fires())
    world.verbs.resolve([world.alert.id], "ada", "It was a test.")
    assert (world.alert.status, world.alert.ended_how, world.alert.ended_by) == ("resolved", "person", "ada")
    assert [(page.state, page.ended_how) for page in world.pages] == [("done", "resolved")]


def test_what_a_person_ended_by_mistake_opens_again_and_pages(world):
    world.hear(world.fires())
    world.verbs.resolve([world.alert.id], "ada")
    world.verbs.reopen([world.alert.id], "ada")
    assert world.alert.status == "firing"
    world.later(seconds=1)
    assert [page.state for page in world.pages] == ["done", "active"]


def test_nobody_takes_back_what_the_sender_ended(world):
    fires = world.fires()
    world.hear(fires)
    world.hear(world.ends(fires))
    with pytest.raises(Refusal, match="was not ended by a person"):
        world.verbs.reopen([world.alert.id], "ada")


def test_a_page_and_a_group_mean_their_alerts(world):
    world.hear(world.fires(key="k1"), world.fires(key="k2"))
    (page,) = world.pages
    assert len(world.verbs.acknowledge([page.id], "ada", via="web")) == 2
    assert len(world.verbs.resolve(['{alertname="WebDown", service="web"}'], "ada")) == 2


ACTS = {
    "ack": lambda verbs, **more: verbs.acknowledge(["WebDown"], "ada", via="web", **more),
    "unack": lambda verbs, **more: verbs.unacknowledge(["WebDown"], "ada", **more),
    "resolve": lambda verbs, **more: verbs.resolve(["WebDown"], "ada", **more),
    "note": lambda verbs, **more: verbs.note("WebDown", "ada", "It was the disk.", **more),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_a_name_that_several_open_alerts_have_means_all_only_where_that_is_said(world, act):
    world.hear(*(world.fires(key=f"k{n}") for n in range(3)), world.fires(key="other", labels={"service": "shop"}))
    before = world.ledger.head()
    with pytest.raises(Refusal, match=r"4 open alerts are called 'WebDown': 3 in group \{.*\"web\"\}; 1 in group"):
        act(world.verbs)
    assert world.ledger.head() == before
    assert len(act(world.verbs, all_of_name=True)) == 4


def test_a_name_means_the_only_open_alert_although_others_are_over(world):
    one, other = world.fires(key="k1"), world.fires(key="k2")
    world.hear(one, other)
    world.hear(world.ends(one))
    assert [alert.key for alert in world.verbs.acknowledge(["WebDown"], "ada", via="web")] == ["k2"]


def test_alerts_that_are_over_are_passed_over_among_several(world):
    one, other = world.fires(key="k1"), world.fires(key="k2")
    world.hear(one, other)
    world.hear(world.ends(one))
    ids = [alert.id for alert in world.alerts]
    assert [alert.key for alert in world.verbs.acknowledge(ids, "ada", via="web")] == ["k2"]
    with pytest.raises(Refusal, match="is over"):
        world.verbs.acknowledge([ids[0]], "ada", via="web")


def test_a_note_is_kept_also_on_what_is_over(world):
    fires = world.fires()
    world.hear(fires)
    world.hear(world.ends(fires))
    (after,) = world.verbs.note(world.alert.id, "ada", " It was the disk. ")
    assert [(note.by, note.text) for note in after.notes] == [("ada", "It was the disk.")]
    with pytest.raises(Usage):
        world.verbs.note(world.alert.id, "ada", " ")


def test_an_alert_is_found_by_id_its_beginning_its_name_and_its_key(world):
    world.hear(world.fires())
    alert = world.alert
    for name in (alert.id, alert.id[:-2], "WebDown", "k1"):
        assert world.verbs.find(name).id == alert.id
    with pytest.raises(Usage, match="Did you mean 'WebDown'"):
        world.verbs.find("WebDwn")


def test_alerts_are_filtered_by_matchers_and_status(world):
    world.hear(world.fires(key="k1"), world.fires("WebSlow", "k2", "warning"), world.fires("WebNews", "k3", "info"))
    world.verbs.acknowledge(["WebSlow"], "ada", via="web")

    def names(*texts, **asked):
        return [alert.name for alert in world.verbs.select(matchers=matchers_of(texts), **asked)]

    assert names('alertname=~"Web.*"', 'severity!="info"') == ["WebSlow", "WebDown"]
    assert names('instance="k1"') == ["WebDown"]
    assert names(status=["acknowledged"]) == ["WebSlow"]
    assert names(status=["resolved"]) == []


def test_a_filtered_list_goes_on_where_it_ended(world):
    world.hear(*(world.fires(key=f"k{n}") for n in range(7)))
    matchers = matchers_of(['alertname="WebDown"'])
    first = world.verbs.select(matchers=matchers, limit=4)
    rest = world.verbs.select(matchers=matchers, limit=4, before=first[-1].position)
    assert len({alert.id for alert in (*first, *rest)}) == 7


def test_earlier_episodes_tell_how_noisy_an_alert_is(world):
    for _ in range(3):
        fires = world.fires()
        world.hear(fires)
        world.later(minutes=1)
        world.hear(world.ends(fires))
        world.later(hours=1)
    world.hear(world.fires())
    world.verbs.acknowledge(["WebDown"], "ada", via="web")
    noise = world.verbs.noise(world.verbs.find("WebDown"))
    assert (len(noise.episodes), noise.fired, noise.answered, noise.by_itself) == (4, 4, 1, 3)


def test_what_two_do_at_once_is_decided_anew(world):
    world.hear(world.fires())
    record, raced = world.ledger.record, []

    def racing(writes, **given):
        if not raced:
            raced.append(1)
            world.verbs.note(world.alert.id, "ben", "Quicker.")
        return record(writes, **given)

    world.ledger.record = racing
    (after,) = world.verbs.acknowledge([world.alert.id], "ada", via="web")
    assert (after.acknowledged_by, len(after.notes)) == ("ada", 1)


def test_thousands_of_open_alerts_are_filtered_at_once(world):
    for start in range(0, 4000, 2000):
        world.hear(*(world.fires(key=f"k{n}") for n in range(start, start + 2000)))
    matchers = matchers_of(['instance=~"k39.*"', 'service="web"'])
    world.verbs.select(matchers=matchers)  # the first look reads all
    began = time.process_time()
    assert len(world.verbs.select(matchers=matchers, limit=50)) == 50
    assert time.process_time() - began < 0.3
