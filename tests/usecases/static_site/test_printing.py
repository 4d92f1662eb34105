"""Which pages a printed book holds."""

from __future__ import annotations

import pytest

from opsbook.ground.errors import Usage
from opsbook.usecases.static_site.printing import chosen_pages

PATHS = ["ops/README.md", "ops/runbooks/api.md", "ops/runbooks/db.md"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], PATHS),
        (["runbooks/db"], ["ops/runbooks/db.md"]),
        (["runbooks/db.md", "README"], ["ops/runbooks/db.md", "ops/README.md"]),
        (["ops/runbooks/api.md"], ["ops/runbooks/api.md"]),
        (["runbooks"], ["ops/runbooks/api.md", "ops/runbooks/db.md"]),
        (["runbooks/db", "runbooks/"], ["ops/runbooks/db.md", "ops/runbooks/api.md"]),
    ],
)
def test_pages_and_folders_are_meant_by_their_paths(wanted, expected):
    assert chosen_pages(PATHS, "ops", wanted) == expected


def test_a_name_that_means_none_is_told_with_a_guess():
    with pytest.raises(Usage, match="Did you mean 'runbooks/api'"):
        chosen_pages(PATHS, "ops", ["runbooks/apo"])
