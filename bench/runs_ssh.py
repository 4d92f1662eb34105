"""A hundred trivial steps on another machine, over SSH, beside `ssh` with ControlMaster and ansible with pipelining.

The machine is this one, behind a real sshd on loopback with keys of its own; its user's shell reads no files of start,
which would cost the peers their time a hundred times. Each side is a whole program that connects once: ours runs a
procedure of a hundred steps, with every step's intent and end synced in the ledger and on the machine; `ssh` makes a
master and then runs `true` a hundred times through it; ansible plays a hundred `command: true`, connection kept.
"""

from __future__ import annotations

import getpass
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.pairs import Side, compare, unless_absent
from bench.programs import opsbook
from bench.runs import checked, of_peers
from bench.table import Absent, Row, show
from tests.sshd import running_sshd

STEPS = 100
AT_MOST_SSH, AT_MOST_ANSIBLE = 1.5, 0.06
WHAT = f"{STEPS} steps over SSH"
SERVERS = "/usr/sbin:/usr/local/sbin:/sbin"


class Machine(NamedTuple):
    """Where it listens, whom it lets in by which key, and what pins its own."""

    port: int
    user: str
    key: str
    known_hosts: str


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine to reach over SSH."""
    program = shutil.which("sshd") or shutil.which("sshd", path=SERVERS)
    if program is None:
        raise Absent("no sshd: the system's package openssh-server has it")
    with running_sshd(program, folder) as sshd:
        yield Machine(sshd.port, getpass.getuser(), sshd.key, sshd.known_hosts)


def ours(folder: Path, there: Machine) -> Side:
    """A procedure of a hundred steps."""
    (folder / "steps.md").write_text(
        "# Steps\n\n## All of them\n\n- **Run on:** `there`\n\n"
        + "".join(f"{number}. Step {number}\n   ```bash\n   true\n   ```\n" for number in range(1, STEPS + 1))
    )
    (folder / "opsbook.toml").write_text(
        f'[hosts]\nthere = "{there.user}@127.0.0.1:{there.port}"\n'
        f'[ssh]\nkeys = ["{there.key}"]\nknown_hosts = "{there.known_hosts}"\npython = "{sys.executable}"\n'
    )
    command = (*opsbook(), "--book", str(folder), "run", "steps.md#all-of-them", "--yes")
    return Side("opsbook run", command, folder)


def by_ssh(folder: Path, there: Machine) -> Side:
    """`ssh` a hundred times through a master that it makes and ends."""
    if shutil.which("ssh") is None:
        raise Absent("no ssh: the system's package openssh-client has it")
    words = [
        "ssh", "-F", "none", "-i", there.key, "-o", f"UserKnownHostsFile={there.known_hosts}", "-o", "BatchMode=yes",
        "-o", f"ControlPath={folder}/master", "-p", str(there.port), f"{there.user}@127.0.0.1",
    ]  # fmt: skip
    ssh = shlex.join(words)
    master = shlex.join([*words[:1], "-o", "ControlMaster=yes", "-o", "ControlPersist=60", *words[1:]])
    script = f"set -e\n{master} true\nfor step in $(seq {STEPS}); do {ssh} true; done\n{ssh} -O exit 2>/dev/null\n"
    return Side("ssh, ControlMaster", ("bash", "-c", script), folder)


def by_ansible(folder: Path, there: Machine) -> Side:
    """A play of a hundred tasks, pipelined."""
    program = of_peers("ansible-playbook")
    words = f"-F none -o UserKnownHostsFile={there.known_hosts} -o ControlMaster=auto -o ControlPersist=60"
    (folder / "ansible.cfg").write_text(
        f"[defaults]\nhost_key_checking = True\ninventory = {folder}/hosts\nlocal_tmp = {folder}/tmp\n"
        f"[ssh_connection]\npipelining = True\nssh_args = {words}\ncontrol_path_dir = {folder}/cp\n"
    )
    (folder / "hosts").write_text(
        f"there ansible_host=127.0.0.1 ansible_port={there.port} ansible_user={there.user}"
        f" ansible_ssh_private_key_file={there.key} ansible_python_interpreter={sys.executable}\n"
    )
    tasks = "".join(f"    - command: 'true'\n      name: step {number}\n" for number in range(1, STEPS + 1))
    (folder / "play.yml").write_text(f"- hosts: there\n  gather_facts: false\n  tasks:\n{tasks}")
    return Side("ansible, pipelining", (program, "play.yml"), folder)


def rows() -> list[Row]:
    """Beside `ssh`, and beside ansible."""
    with tempfile.TemporaryDirectory(prefix="opsbook-bench-") as place:
        root = Path(place)
        folders = {name: root / name for name in ("sshd", "ours", "ssh", "ansible")}
        for folder in folders.values():
            folder.mkdir()
        with machine(folders["sshd"]) as there:
            mine = checked(ours(folders["ours"], there), "succeeded")

            def beside_ssh() -> list[Row]:
                return [compare(mine, checked(by_ssh(folders["ssh"], there), "")).row(WHAT, AT_MOST_SSH)]

            def beside_ansible() -> list[Row]:
                peer = checked(by_ansible(folders["ansible"], there), f"ok={STEPS}")
                return [compare(mine, peer, pairs=3).row(WHAT, AT_MOST_ANSIBLE)]

            return [*unless_absent(WHAT, beside_ssh), *unless_absent(WHAT, beside_ansible)]


def main() -> int:
    """Prints the rows."""
    show(rows())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
