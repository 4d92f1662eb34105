"""A PDF is made by the system's Chromium, or it is said why there is none."""

from __future__ import annotations

import shutil

import pytest

from opsbook.adapters.chromium import NAMES, pdf_of
from opsbook.ground.errors import Failure


@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="ABSENT: chromium")
def test_a_document_becomes_a_pdf_with_as_many_sheets_as_it_has():
    made = pdf_of(b"<!doctype html><title>a</title><p style='break-after:page'>one<p>two")
    assert made.startswith(b"%PDF")
    assert b"/Count 2" in made


def test_without_a_chromium_another_way_is_told():
    with pytest.raises(Failure, match="no Chromium on this machine.*export bundle"):
        pdf_of(b"", names=("no-such-browser",))


def test_a_program_that_writes_none_is_a_failure():
    with pytest.raises(Failure, match="wrote no PDF"):
        pdf_of(b"", names=("true",))
