"""A hundred trivial steps on this machine beside bash, make, ansible and pyinfra; a hundred megabytes through a step.

Each side is a whole program that does `true` a hundred times. Ours syncs each step's intent and end in the ledger and
on the machine; the peers keep nothing. A step's output goes through a terminal, is struck clean of three secrets, kept
(up to what is kept of one output) and shown; the peer is `cat` of the same file to a terminal, shown.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.growth import megabytes
from bench.memory import peak
from bench.pairs import PAIRS, Compared, Side, compare, output, unless_absent
from bench.programs import opsbook
from bench.table import Absent, Broken, Row, show, verdict

STEPS = 100
AT_MOST_BASH, AT_MOST_ANSIBLE, AT_MOST_PYINFRA = 4, 0.05, 1
FEW = 3  # pairs beside peers that take seconds

LARGE_MB, SMALL_MB = 100, 10
AT_LEAST_MB_S = 20
# As much again would hold a share of the output; what is kept to notice a secret across reads is far below.
AT_MOST_GROWN = 1.2
LOOKS = 3
SECRETS = {"TOKEN": "hunter2-of-the-bench", "DB_PASS": "correct horse battery", "API_KEY": "AKX9-7741-aqz-0031"}
SHOWN = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


def rows(steps: int = STEPS, large_mb: int = LARGE_MB, small_mb: int = SMALL_MB, pairs: int = PAIRS) -> list[Row]:
    """The steps beside each peer, the output, and what it takes of memory."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as place:
        folder = Path(place)
        return [*of_steps(folder, steps, pairs), *of_output(folder, large_mb, small_mb, pairs)]


def of_steps(root: Path, steps: int, pairs: int) -> list[Row]:
    """So many steps beside each peer."""
    what = f"{steps} trivial steps, durable"
    mine = checked(ours(fresh(root, "ours"), steps), "succeeded")

    def beside(peer: Callable[[Path, int], Side], said: str, at_most: float | None, pairs: int) -> list[Row]:
        side = checked(peer(fresh(root, peer.__name__), steps), said)
        return [compare(mine, side, pairs).row(what, at_most)]

    few = min(FEW, pairs)
    return [
        *unless_absent(what, lambda: beside(by_bash, "", AT_MOST_BASH, pairs)),
        *unless_absent(what, lambda: beside(by_make, "", None, pairs)),
        *unless_absent(what, lambda: beside(by_ansible, f"ok={steps}", AT_MOST_ANSIBLE, few)),
        *unless_absent(what, lambda: beside(by_pyinfra, "Success", AT_MOST_PYINFRA, few)),
    ]


def fresh(root: Path, name: str) -> Path:
    """A new folder."""
    folder = root / name
    folder.mkdir()
    return folder


def checked(side: Side, said: str) -> Side:
    """The side, once it has said what it says when all was done: a run that failed is none."""
    told = output(side)
    if said not in told:
        raise Broken(f"{side.name} did not do its steps: {' '.join(told.split())[-200:]}")
    return side


# -- steps -----------------------------------------------------------------------------------------------------------


def ours(folder: Path, steps: int) -> Side:
    """A procedure of so many steps."""
    (folder / "steps.md").write_text(
        "# Steps\n\n## All of them\n\n"
        + "".join(f"{number}. Step {number}\n   ```bash\n   true\n   ```\n" for number in range(1, steps + 1))
    )
    command = (*opsbook(), "--book", str(folder), "run", "steps.md#all-of-them", "--yes")
    return Side("opsbook run", command, folder)


def by_bash(folder: Path, steps: int) -> Side:
    """bash that runs bash on a file, as ours does."""
    (folder / "step").write_text("true\n")
    return Side("bash", ("bash", "-c", f"set -e; for n in $(seq {steps}); do bash step; done"), folder)


def by_make(folder: Path, steps: int) -> Side:
    """A target for each step, each behind the one before it."""
    if shutil.which("make") is None:
        raise Absent("no make: the system's package make has it")
    targets = "".join(f"step{n}: step{n - 1}\n\t@bash -c true\n" for n in range(1, steps + 1))
    (folder / "Makefile").write_text(f"all: step{steps}\nstep0:\n{targets}.PHONY: all\n")
    return Side("make", ("make", "--no-print-directory"), folder)


def by_ansible(folder: Path, steps: int) -> Side:
    """A play of so many tasks on this machine, which gathers nothing."""
    program = of_peers("ansible-playbook")
    (folder / "ansible.cfg").write_text(f"[defaults]\nlocal_tmp = {folder}/tmp\nremote_tmp = {folder}/tmp\n")
    tasks = "".join(f"    - command: 'true'\n      name: step {number}\n" for number in range(1, steps + 1))
    head = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n"
    (folder / "play.yml").write_text(head + tasks)
    python = f"ansible_python_interpreter={sys.executable}"
    return Side("ansible, local", (program, "-i", "localhost,", "-e", python, "play.yml"), folder)


def by_pyinfra(folder: Path, steps: int) -> Side:
    """So many operations on this machine."""
    program = of_peers("pyinfra")
    lines = "".join(f"server.shell(name='step {number}', commands=['true'])\n" for number in range(1, steps + 1))
    (folder / "deploy.py").write_text(f"from pyinfra.operations import server\n{lines}")
    return Side("pyinfra @local", (program, "-y", "@local", "deploy.py"), folder)


def of_peers(name: str) -> str:
    """A program of this environment, else of the PATH."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Absent(f"no {name}: `make bench` installs it")
    return found


# -- output ----------------------------------------------------------------------------------------------------------


def of_output(root: Path, large_mb: int, small_mb: int, pairs: int) -> list[Row]:
    """How quickly output comes through, and whether it takes more memory when there is more of it."""
    large, small = printing(fresh(root, "large"), large_mb), printing(fresh(root, "small"), small_mb)
    is_clean(large, small)
    terminal = Side("cat to a terminal", (sys.executable, "-c", SHOWN, "cat", "output"), large.folder)
    found = compare(large, terminal, min(pairs, PAIRS))
    what = f"output of {large_mb} MB through a step, redacted"
    more = unless_absent(f"{what}: memory", lambda: memory(what, large, small, small_mb))
    return [speed(what, found, large_mb), *more]


def printing(folder: Path, size_mb: int) -> Side:
    """A step that prints so much, with its secrets now and then."""
    line = "2026-11-23T10:00:00Z level=info msg=\"request done\" path=/orders/{} status=200 took={}ms\n"
    block = "".join(line.format(number * 7919 % 100_000, number % 977) for number in range(500))
    part = (block * 20 + "".join(f"{name}={value}\n" for name, value in SECRETS.items())).encode()
    with (folder / "output").open("wb") as file:
        left = size_mb * 1_000_000
        while left > 0:
            left -= file.write(part[:left])
    labels = ", ".join(f"`{name}` from `env:{name}`" for name in SECRETS)
    (folder / "print.md").write_text(
        f"# Print\n\n## All of it\n\n- **Secrets:** {labels}\n\n1. Print it\n   ```bash\n   cat output\n   ```\n"
    )
    given = [f"OPSBOOK_SECRET_{name}={value}" for name, value in SECRETS.items()]
    command = ("env", *given, *opsbook(), "--book", str(folder), "run", "print.md#all-of-it", "--yes")
    return Side("opsbook run", command, folder)


def is_clean(*sides: Side) -> None:
    """Raises Broken unless each is shown whole, without its secrets."""
    for side in sides:
        told = output(side)
        if "level=info" not in told or "succeeded" not in told:
            raise Broken(f"the step did not print: {' '.join(told.split())[-200:]}")
        if any(value in told for value in SECRETS.values()):
            raise Broken("a secret was shown")


def speed(what: str, found: Compared, size_mb: int) -> Row:
    """Megabytes a second of the whole run, its start and end included."""
    mine, peer = (size_mb / statistics.median(run.wall_s for run in each) for each in (found.ours, found.peers))
    return Row(
        what, f"{mine:.0f} MB/s", f"{found.peer} {peer:.0f} MB/s", f"{1 / found.ratio:.2g}×",
        f"≥ {AT_LEAST_MB_S} MB/s", verdict(mine >= AT_LEAST_MB_S),
    )  # fmt: skip


def memory(what: str, large: Side, small: Side, small_mb: int) -> list[Row]:
    """The most that the run, its step and whatever watches over that hold, each by itself at its highest: with much
    output beside little."""
    much, little = (max(peak(side).summed for _ in range(LOOKS)) for side in (large, small))
    ratio = much / little
    return [
        Row(
            f"{what}: memory", megabytes(much), f"of {small_mb} MB {megabytes(little)}",
            f"{ratio:.2f}×", f"≤ {AT_MOST_GROWN}×", verdict(ratio <= AT_MOST_GROWN),
        )
    ]  # fmt: skip


def main() -> int:
    """Prints the rows; `python -m bench.runs [STEPS [LARGE_MB [SMALL_MB [PAIRS]]]]`."""
    show(rows(*map(int, sys.argv[1:5])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
