"""Structs are built before threads use them."""

from __future__ import annotations

import subprocess
import sys

from opsbook.ledger.built_types import build_types
from opsbook.ledger.incident_values import Incident


def test_what_is_imported_is_built_also_where_some_of_it_is_never_decoded():
    assert Incident.__module__.startswith("opsbook.")
    assert build_types() > 5


FIRST_USERS = """
import sys, threading
sys.setswitchinterval(1e-6)
import msgspec
from opsbook.entrypoints.server import build_door_types
from opsbook.ledger.incident_values import Incident
build_door_types()
from opsbook.entrypoints.api.incident_models import NoteBody
start = threading.Barrier(8)

def use():
    start.wait()
    for kind in (Incident, NoteBody):
        try:
            msgspec.convert({}, kind)
        except msgspec.ValidationError:
            pass

threads = [threading.Thread(target=use) for _ in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
"""


def test_many_threads_that_are_the_first_to_decode_do_not_kill_a_fresh_process():
    ended = [subprocess.run([sys.executable, "-c", FIRST_USERS], capture_output=True, text=True) for _ in range(4)]
    assert [(each.returncode, each.stderr) for each in ended] == [(0, "")] * 4


def test_what_the_api_is_sent_is_built_before_the_first_request():
    asked = "import sys, opsbook.entrypoints.server as s; s.build_door_types(); import opsbook.ledger.built_types as b;"
    asked += "n = len(sys.modules); import opsbook.entrypoints.api, opsbook.entrypoints.web; print(len(sys.modules) - n)"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert ended.stdout == "0\n"
