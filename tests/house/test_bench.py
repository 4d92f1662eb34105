"""The benchmarks measure what they say: pairs, memory, the same files for all. None of them is timed here."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from bench import __main__ as bench
from bench.corpus import copy_pages_of, copy_rule_files, plain_rules
from bench.lint import checked
from bench.memory import PROC, peak
from bench.pairs import Compared, Run, Side, compare, output, run, unless_absent
from bench.programs import environment
from bench.table import Absent, Broken, Row, show


def python(folder, script, name="it"):
    """A side that runs a script."""
    return Side(name, (sys.executable, "-c", script), folder)


def runs(*seconds):
    """Runs that took so long."""
    return tuple(Run(each, each, 1) for each in seconds)


def test_the_figure_is_the_median_of_the_pairs_own_ratios():
    row = Compared("peer", runs(1.0, 2.0, 30.0), runs(2.0, 4.0, 10.0)).row("lint", at_most=0.5)
    assert row == Row("lint", "2.00 s", "peer 4.00 s", "0.5× (0.5–3, 3 pairs)", "≤ 0.5×", "yes")


def test_a_missed_aim_is_told():
    assert Compared("peer", runs(3.0), runs(2.0)).row("lint", at_most=1.0).reached == "NO"


def test_both_sides_run_in_turns_after_a_warm_up(tmp_path):
    def side(name):
        return python(tmp_path, f"open('order', 'a').write('{name}')", name)

    compared = compare(side("a"), side("b"), pairs=3)
    assert (tmp_path / "order").read_text() == "ab" + "ababab"
    assert len(compared.ratios) == 3


@pytest.mark.parametrize("measure", [run, output, peak])
def test_a_command_that_does_not_work_is_no_measurement(tmp_path, measure):
    with pytest.raises(Broken, match="it exits with 2"):
        measure(python(tmp_path, "raise SystemExit(2)"))


def test_a_python_that_cannot_start_the_program_is_not_taken_for_findings(tmp_path):
    with pytest.raises(Broken):
        output(Side("it", (sys.executable, "-m", "no_such_module"), tmp_path))


@pytest.mark.skipif(not PROC.exists(), reason="ABSENT: /proc")
def test_memory_is_that_of_the_process_and_its_children(tmp_path):
    hold = "b = bytearray(40_000_000); import time; time.sleep(0.3)"
    alone = peak(python(tmp_path, hold))
    two = peak(python(tmp_path, f"import os; child = os.fork(); {hold}; child and os.wait()"))
    assert 40e6 < alone.held < 70e6
    assert 80e6 < two.held < 130e6
    assert two.held <= two.summed
    assert (alone.processes, two.processes) == (1, 2)


@pytest.mark.skipif(not PROC.exists(), reason="ABSENT: /proc")
def test_memory_is_also_that_of_children_in_sessions_of_their_own(tmp_path):
    hold = "b = bytearray(40_000_000); import time; time.sleep(0.3)"
    apart = "import os; child = os.fork(); child or os.setsid(); "
    assert 80e6 < peak(python(tmp_path, f"{apart}{hold}; child and os.wait()")).held < 130e6


def test_what_a_developers_machine_sets_is_not_passed_on(monkeypatch):
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "NODE_OPTIONS", "OPSBOOK_BOOK", "NO_COLOR"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", "src")
    kept = environment()
    assert [name for name in kept if name.startswith(("PYTHON", "NODE_", "OPSBOOK_", "NO_COLOR"))] == ["PYTHONPATH"]
    assert kept["PYTHONPATH"].startswith("/")


def test_the_copies_are_as_large_as_wanted_and_hold_markdown_alone(corpora, tmp_path):
    copied = copy_pages_of(tmp_path, 4_000_000)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert copied.size_bytes >= 4_000_000
    assert sorted(found) == sorted(copied.files)
    assert {path.suffix for path in found} == {".md"}


def test_rule_files_are_copied_as_promtool_reads_them(corpora, tmp_path):
    copied = copy_rule_files(tmp_path / "rules")
    assert len(copied.files) > 100
    assert all("\ngroups:" in "\n" + path.read_text() for path in copied.files)


def test_a_prometheusrule_becomes_a_plain_rule_file():
    resource = "kind: PrometheusRule\nmetadata:\n  name: x\nspec:\n  groups:\n  - name: g\n    rules:\n    - alert: A\n"
    assert plain_rules(resource) == "groups:\n- name: g\n  rules:\n  - alert: A\n"
    assert plain_rules("groups:\n- rules:\n  - alert: A\n") == "groups:\n- rules:\n  - alert: A\n"
    assert plain_rules("kind: ConfigMap\ndata:\n  a: 'alert: x'\n") is None


def test_a_peer_that_looks_at_other_files_is_not_measured_beside(tmp_path):
    says = "print('Issues: Found 6369 issues in 586/632 files (577ms)')"
    assert checked(python(tmp_path, says), 632)
    with pytest.raises(Broken, match="looks at 632 files, and there are 672"):
        checked(python(tmp_path, says), 672)


def test_an_absent_peer_is_a_row_with_a_note():
    def measure():
        raise Absent("no promtool")

    assert unless_absent("rules", measure) == [Row("rules", "not measured", note="no promtool.")]


@pytest.mark.parametrize(("wrong", "could_run"), [(Absent("x"), True), (Broken("x"), False), (KeyError("x"), False)])
def test_only_what_should_run_and_does_not_fails(wrong, could_run):
    def rows():
        raise wrong

    found = bench.measured("rules", SimpleNamespace(rows=rows))
    assert (len(found[0]), found[1]) == (1, could_run)
    assert "x" in found[0][0].note


def test_a_benchmark_that_is_not_there_is_refused(capsys):
    assert bench.main(["speed"]) == 2
    assert "there are lint, growth, search, rules, startup" in capsys.readouterr().err


def test_every_benchmark_has_rows_and_a_main():
    for name in bench.BENCHMARKS:
        module = bench.import_module(f"bench.{name}")
        assert callable(module.rows)
        assert callable(module.main)


def test_the_table_is_aligned_and_its_notes_stand_below(capsys):
    show([Row("a longer what", "1 ms", "2 ms", "0.5×", "≤ 1×", "yes"), Row("b", "not measured", note="no b.")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["what", "ours", "peer", "ratio", "aim", "reached"]
    assert lines[2].startswith("a longer what  1 ms          2 ms")
    assert lines[-1] == "!! b: no b."
