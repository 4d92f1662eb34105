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
        (events.run_held(""), "its turn has come"),
        (events.cancel_held("Still there on web-1: 12 sleep."), "not cancelled yet: Still there on web-1: 12 sleep."),
        (events.approval_voided("1", ("ada",), "The approval of ada does not count any more."), "of ada does not count"),
    ],
)
def test_what_keeps_a_run_is_told_in_words(capsys, draft, words):
    story = Story(gate("1"), command("2"))
    progress = Progress(Screen(is_err=False, is_coloured=False, is_live=False), story.run)
    story.tell(draft)
    progress.show(story.events[-1:])
    assert words in capsys.readouterr().out
