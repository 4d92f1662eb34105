"""One exported file is replaced in one step, where it is one of ours."""

from __future__ import annotations

import pytest

from opsbook.adapters.exported_file import write_file
from opsbook.ground.errors import Refusal


def test_a_file_of_ours_is_replaced_and_told_whether_it_changed(tmp_path):
    place = tmp_path / "new folder" / "a.html"
    assert write_file(str(place), b"OURS 1", b"OURS") is True
    assert write_file(str(place), b"OURS 1", b"OURS") is False
    assert write_file(str(place), b"OURS 2", b"OURS") is True
    assert [each.name for each in place.parent.iterdir()] == ["a.html"]


def test_a_file_of_somebody_else_is_refused_and_kept(tmp_path):
    place = tmp_path / "a.html"
    place.write_bytes(b"mine")
    with pytest.raises(Refusal, match="did not write"):
        write_file(str(place), b"OURS", b"OURS")
    assert place.read_bytes() == b"mine"
