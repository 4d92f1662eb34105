"""The served book that the tests of the door share, and one of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.entrypoints.door import Door, opened, write_repository


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that the tests of a module share."""
    root = tmp_path_factory.mktemp("served")
    write_repository(root)
    with opened(root) as door:
        yield door


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a book, of a test's own."""
    write_repository(tmp_path)
    return tmp_path
