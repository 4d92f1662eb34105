"""What a configuration makes of the ports of probes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsbook.book.probe import Probe
from opsbook.config import load
from opsbook.ground.errors import Usage
from opsbook.ledger.health import Reading
from opsbook.wire import build_prober, build_samples


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "api.md").write_text("# API\n")
    return tmp_path


def test_an_address_that_is_none_is_told_with_its_line(book):
    (book / "opsbook.toml").write_text('[probes]\nallow = ["metadata"]\n')
    with pytest.raises(Usage, match="^opsbook.toml:2: 'metadata' is neither an address nor a network"):
        build_prober(load(book=str(book), environ={}))


def test_what_is_allowed_is_asked(book):
    readings: list[Reading] = []
    probe = Probe("k", "p", 1, 0, 1, None, "http", "http://0.0.0.0:1/", timeout_s=2.0)
    for allow in ("[]", '["0.0.0.0"]'):
        (book / "opsbook.toml").write_text(f"[probes]\nallow = {allow}\n")
        build_prober(load(book=str(book), environ={})).ask([probe], lambda _probe, reading: readings.append(reading))
    assert [reading.outcome for reading in readings] == ["forbidden", "refused"]


def test_samples_lie_beside_the_ledger_out_of_git_and_damage_is_told(book, capsys):
    config = load(book=str(book), environ={})
    reading = Reading("k", datetime(2026, 11, 26, tzinfo=UTC), "ok", "It answered.", 1.0, 200)
    (book / ".opsbook").mkdir()
    (book / ".opsbook" / "samples.db").write_bytes(b"Dear diary" * 500)
    samples = build_samples(config)
    samples.add([reading])
    assert samples.last("k", 1) == [reading]
    assert (book / ".opsbook" / ".gitignore").read_text() == "*\n"
    assert "samples.db.damaged" in capsys.readouterr().err
    samples.close()
