"""What keeps a run from going on is told at the terminal, in words."""

from __future__ import annotations

import pytest
from tests.ledger.planned import Story, command, gate

from opsbook.entrypoints.run_progress import Progress
from opsbook.entrypoints.screen import Screen
from opsbook.ledger import run_events as events


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (events.run_held("Of 'deploy' only one may run at a time, and 261123 does."), "waiting: Of 'deploy' only one may"),
        (events.cancel_held("Still there on web-1: 12 sleep."), "not cancelled yet: Still there on web-1: 12 sleep."),
        (events.approval_voided("1", ("ada",), "The approval of ada does not count any more."), "of ada does not count"),
    ],
)
def test_what_keeps_a_run_is_told_in_words(capsys, draft, words):
    assert words in shown(capsys, draft)


def test_a_run_that_waited_is_told_that_its_turn_has_come(capsys):
    held = events.run_held("Of 'deploy' only one may run at a time, and 261123 does.")
    assert "its turn has come" in shown(capsys, held, events.run_held(""))
    assert "its turn" not in shown(capsys, events.run_held(""))  # it never had to wait, as far as anybody was told


def shown(capsys, *drafts) -> str:
    """What is printed of these events of a run."""
    story = Story(gate("1"), command("2"))
    progress = Progress(Screen(is_err=False, is_coloured=False, is_live=False), story.run)
    for draft in drafts:
        story.tell(draft)
        progress.show(story.events[-1:])
    return str(capsys.readouterr().out)
