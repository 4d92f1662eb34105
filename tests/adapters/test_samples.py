"""The samples' file: what is read back, rolled up and forgotten, and what it survives."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.adapters.samples import SampleFile
from opsbook.book.answer import as_expected
from opsbook.ground.errors import Failure, Refusal
from opsbook.ledger.health import Reading

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def a_reading(at: datetime, outcome: str = "ok", took: float = 10.0, probe: str = "api", why: str | None = None) -> Reading:
    status = 200 if outcome == "ok" else None
    return Reading(probe, at, outcome, why or (as_expected(status, took) if outcome == "ok" else f"It is {outcome}."), took, status)


def test_the_last_readings_come_back_as_they_were_the_newest_first(tmp_path):
    readings = [
        a_reading(NOW, took=12.345),
        a_reading(NOW + timedelta(microseconds=1), "timeout", took=5000),
        a_reading(NOW + timedelta(seconds=2), why="api leads to 10.0.0.1."),
        a_reading(NOW + timedelta(seconds=3), "slow", took=800.5),
    ]
    samples = SampleFile(tmp_path / "samples.db")
    samples.add(readings[:2])
    samples.add([*readings[2:], a_reading(NOW, probe="other")])
    assert samples.last("api", 10) == readings[::-1]
    assert samples.last("api", 2) == readings[:1:-1]
    assert SampleFile(tmp_path / "samples.db").last("api", 10) == readings[::-1]


def test_a_probe_that_was_never_asked_has_no_readings(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    assert samples.last("api", 10) == [] and samples.buckets("api", NOW - FIVE, NOW, 5) == []
    samples.roll_up(NOW)
    assert not (tmp_path / "samples.db").exists()
    samples.add([a_reading(NOW)])
    assert samples.last("none", 10) == [] and samples.last("api", -1) == []


def test_the_last_are_those_that_came_last_also_where_a_clock_was_set_back(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    samples.add([a_reading(NOW + timedelta(days=365))])
    samples.add([a_reading(NOW)])
    assert [reading.at for reading in samples.last("api", 2)] == [NOW, NOW + timedelta(days=365)]


def test_buckets_count_and_leave_the_empty_ones_out(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    minutes = [(0, "ok", 10.0), (1, "ok", 30.0), (2, "timeout", 5000.0), (21, "refused", 1.0), (30, "ok", 1.0)]
    samples.add([a_reading(NOW + timedelta(minutes=minute), outcome, took) for minute, outcome, took in minutes])
    first, third = samples.buckets("api", NOW, NOW + timedelta(minutes=30), 3)
    assert (first.start, first.length_s, first.ok, first.failed) == (NOW, 600.0, 2, 1)
    assert (first.least_ms, first.mean_ms, first.most_ms) == (10.0, 20.0, 30.0)
    assert (third.start, third.ok, third.failed, third.mean_ms) == (NOW + timedelta(minutes=20), 0, 1, 0.0)


def test_a_stretch_of_no_length_has_no_buckets(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    samples.add([a_reading(NOW)])
    assert samples.buckets("api", NOW, NOW, 5) == [] and samples.buckets("api", NOW, NOW + FIVE, 0) == []


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * 86400), st.sampled_from(["ok", "slow", "timeout", "status"]), st.integers(1, 5000)),
        max_size=60,
        unique_by=lambda row: row[0],
    ),
    st.lists(st.integers(0, 4 * 24), max_size=3),
)
def test_rolling_up_changes_no_count_and_no_time(tmp_path_factory, rows, roll_hours):
    path = tmp_path_factory.mktemp("samples") / "samples.db"
    samples, untouched = SampleFile(path), SampleFile(path.with_name("other.db"))
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):  # readings that are late for a bucket are added to it
        readings = [a_reading(NOW + timedelta(seconds=at), outcome, took) for at, outcome, took in part]
        samples.add(readings)
        untouched.add(readings)
        for hours in roll_hours:
            samples.roll_up(NOW + timedelta(hours=hours))
    span = (NOW, NOW + timedelta(days=3, minutes=5))
    count = (span[1] - span[0]) // FIVE
    assert samples.buckets("api", *span, count) == pytest.approx(untouched.buckets("api", *span, count))
    samples.close()
    untouched.close()


def test_what_is_older_than_two_days_is_rolled_up_and_older_than_ninety_forgotten(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    ages = [timedelta(days=91), timedelta(days=89), timedelta(days=3), timedelta(hours=47), timedelta(0)]
    samples.add([a_reading(NOW - age) for age in ages])
    samples.roll_up(NOW)
    assert [NOW - reading.at for reading in samples.last("api", 10)] == ages[:2:-1]
    found = samples.buckets("api", NOW - timedelta(days=100), NOW + FIVE, 100 * 288 + 1)
    assert [NOW - bucket.start for bucket in found] == ages[1:]


def test_a_reading_that_is_added_twice_is_kept_once(tmp_path):
    one, other = SampleFile(tmp_path / "samples.db"), SampleFile(tmp_path / "samples.db")
    for samples in (one, other, one):
        samples.add([a_reading(NOW), a_reading(NOW)])
    assert len(one.last("api", 10)) == 1


def test_two_writers_in_two_threads_lose_nothing(tmp_path):
    def write(samples: SampleFile, offset: int) -> None:
        for number in range(100):
            samples.add([a_reading(NOW + timedelta(seconds=number * 4 + offset + shift), probe=f"p{shift}") for shift in (0, 2)])

    files = [SampleFile(tmp_path / "samples.db") for _ in range(2)]
    threads = [threading.Thread(target=write, args=(samples, number)) for number, samples in enumerate(files)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(files[0].last(probe, 1000)) for probe in ("p0", "p2")] == [200, 200]


def test_two_that_make_the_file_at_once_make_one(tmp_path):
    for number in range(20):
        files = [SampleFile(tmp_path / f"{number}.db") for _ in range(2)]
        both = threading.Barrier(2)

        def write(samples: SampleFile, probe: str, both: threading.Barrier = both) -> None:
            both.wait()
            samples.add([a_reading(NOW, probe=probe)])

        threads = [threading.Thread(target=write, args=each) for each in zip(files, "ab", strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [len(files[0].last(probe, 9)) for probe in "ab"] == [1, 1]


def test_who_waits_for_another_writer_holds_up_nobody(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    samples.add([a_reading(NOW)])
    other = apsw.Connection(str(tmp_path / "samples.db"))
    other.execute("BEGIN IMMEDIATE")
    adding = threading.Thread(target=samples.add, args=([a_reading(NOW + FIVE)],))
    adding.start()
    adding.join(0.1)  # by then it waits
    assert adding.is_alive()
    other.execute("COMMIT")
    adding.join()
    other.close()
    assert len(samples.last("api", 9)) == 2


def test_reading_waits_for_no_writer(tmp_path):
    samples = SampleFile(tmp_path / "samples.db")
    samples.add([a_reading(NOW)])
    other = apsw.Connection(str(tmp_path / "samples.db"))
    other.execute("BEGIN IMMEDIATE; DELETE FROM reading")
    assert len(samples.last("api", 10)) == 1
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize("damage", ["text", "cut", "scribbled", "foreign"])
def test_a_file_that_is_damaged_or_of_another_program_is_set_aside_and_told(tmp_path, damage):
    path, told = tmp_path / "samples.db", []
    first = SampleFile(path)
    first.add([a_reading(NOW + timedelta(seconds=number)) for number in range(2000)])
    first.close()
    content = path.read_bytes()
    if damage == "text":
        path.write_bytes(b"Dear diary" * 1000)
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2 // 4096 * 4096 - 100])
    elif damage == "scribbled":
        path.write_bytes(content[:4096] + random.Random(1).randbytes(len(content) - 4096))
    else:
        path.unlink()
        connection = apsw.Connection(str(path))
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    samples = SampleFile(path, told.append)
    samples.last("api", 10)
    samples.add([a_reading(NOW + timedelta(days=1))])
    assert [reading.at for reading in samples.last("api", 10)] == [NOW + timedelta(days=1)]
    assert len(told) == 1 and f"{path}.damaged" in told[0] and os.path.exists(f"{path}.damaged")


def test_damage_that_comes_while_it_is_open_is_survived(tmp_path):
    path, told = tmp_path / "samples.db", []
    samples = SampleFile(path, told.append)
    samples.add([a_reading(NOW + timedelta(seconds=number)) for number in range(3000)])
    samples.close()
    samples.last("api", 1)
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\x55" * (path.stat().st_size - 8192))
    for second in range(5):
        samples.add([a_reading(NOW + timedelta(days=1, seconds=second))])
        samples.last("api", 5000)
    assert samples.last("api", 1)[0].at == NOW + timedelta(days=1, seconds=4) and told


def test_a_file_that_somebody_took_away_is_begun_anew(tmp_path):
    path = tmp_path / "samples.db"
    samples = SampleFile(path)
    samples.add([a_reading(NOW)])
    samples.last("api", 1)
    for each in tmp_path.iterdir():
        each.unlink()
    assert samples.last("api", 1) == []
    samples.add([a_reading(NOW + FIVE)])
    assert [reading.at for reading in SampleFile(path).last("api", 9)] == [NOW + FIVE]


def test_the_file_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "samples.db"
    first = SampleFile(path)
    first.add([a_reading(NOW)])
    first.close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    before = path.read_bytes()
    samples = SampleFile(path)
    with pytest.raises(Refusal, match="newer Opsbook"):
        samples.add([a_reading(NOW)])
    with pytest.raises(Refusal, match="newer Opsbook"):
        samples.last("api", 1)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_failure_worth_another_try(tmp_path):
    (tmp_path / "samples.db").mkdir()
    samples = SampleFile(tmp_path / "samples.db")
    with pytest.raises(Failure, match="cannot be kept") as failed:
        samples.add([a_reading(NOW)])
    assert failed.value.retryable
    (tmp_path / "samples.db").rmdir()
    samples.add([a_reading(NOW)])
    assert len(samples.last("api", 1)) == 1


FULL = """
import resource, sys
from datetime import UTC, datetime, timedelta
from opsbook.adapters.samples import SampleFile
from opsbook.ground.errors import Failure
from opsbook.ledger.health import Reading

now = datetime(2026, 11, 26, tzinfo=UTC)
made = lambda n: [Reading("api", now + timedelta(seconds=n, milliseconds=i), "status", "x" * 200, 1.0) for i in range(500)]
samples = SampleFile(sys.argv[1])
samples.add(made(0))
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, limit[1]))
kept, failed = 1, 0
for n in range(1, 20):
    try:
        samples.add(made(n)); kept += 1
    except Failure as wrong:
        assert wrong.retryable; failed += 1
    assert len(samples.last("api", 1_000_000)) == kept * 500
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
samples.add(made(50)); kept += 1
assert len(samples.last("api", 1_000_000)) == kept * 500
assert failed, "the disk was never full"
"""


def test_a_full_disk_fails_what_is_added_and_nothing_else(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "samples.db")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


WRITES = """
import sys, time
from datetime import UTC, datetime, timedelta
from opsbook.adapters.samples import SampleFile
from opsbook.ledger.health import Reading

samples, began, probes = SampleFile(sys.argv[1]), int(sys.argv[2]), [f"p{n}" for n in range(50)]
base = datetime(2026, 11, 26, tzinfo=UTC)
for n in range(began, began + 100_000):
    at = base + timedelta(seconds=n * 30)
    samples.add([Reading(key, at, "ok", f"It is {n}.", 1.0) for key in probes])
    sys.stdout.write(f"{n}\\n"); sys.stdout.flush()
    if n % 7 == 0:
        samples.roll_up(at)
"""


def kill_while_writing(path: Path, times: int, chance: random.Random) -> None:
    """Kills a writer at any moment, again and again on the same file; each time the file is whole and has all that was
    told to be kept."""
    began = 0
    for _ in range(times):
        writer = subprocess.Popen([sys.executable, "-c", WRITES, str(path), str(began)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for _ in range(chance.randrange(1, 60)):
            writer.stdout.readline()
        writer.kill()
        said = writer.stdout.read().split(b"\n")
        writer.wait()
        writer.stdout.close()
        samples = SampleFile(path, pytest.fail)
        last = samples.last("p49", 1)[0]
        kept = int(last.why.removeprefix("It is ").removesuffix("."))
        told = [int(line) for line in said[:-1] if line]
        assert kept >= max(told, default=began)
        span = (datetime(2026, 11, 26, tzinfo=UTC), datetime(2027, 11, 26, tzinfo=UTC))
        counted = {key: sum(bucket.ok for bucket in samples.buckets(key, *span, 1)) for key in ("p0", "p49")}
        assert counted["p0"] == counted["p49"] == kept + 1
        samples.close()
        connection = apsw.Connection(str(path))
        assert connection.pragma("integrity_check") == "ok"
        connection.close()
        began = kept + 1


def test_a_killed_writer_leaves_the_file_whole(tmp_path):
    kill_while_writing(tmp_path / "samples.db", 3, random.Random(3))


@pytest.mark.torture
def test_a_writer_that_is_killed_a_hundred_times_leaves_the_file_whole(tmp_path, record_property, request):
    seed = request.config.getoption("--hypothesis-seed") or 0
    kill_while_writing(tmp_path / "samples.db", 100, random.Random(int(seed)))
    record_property("tried", 100)


def test_the_last_readings_and_a_stretch_are_found_by_index(tmp_path):
    SampleFile(tmp_path / "samples.db").add([a_reading(NOW)])
    connection = apsw.Connection(str(tmp_path / "samples.db"))
    plans = [
        " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN SELECT latency_ms FROM reading WHERE probe = 1 {rest}"))
        for rest in ("ORDER BY number DESC LIMIT 1", "AND at >= 1 AND at < 2")
    ]
    connection.close()
    assert "reading_number" in plans[0] and "TEMP B-TREE" not in plans[0]
    assert "reading_at" in plans[1]
