"""Everything that a run needs, put together from a Config: the verbs, the engine, the ledger, outputs, machines."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial

from msgspec import Struct

from opsbook.book.lint import Around
from opsbook.config import Config
from opsbook.usecases.execute import Engine
from opsbook.usecases.ledger_ports import EngineLedger
from opsbook.usecases.run_ports import Outputs, StepHosts
from opsbook.usecases.runs import Runs, Source
from opsbook.usecases.serving_ports import Ledger
from opsbook.usecases.show import find_page, load_page
from opsbook.wire import build_book, build_ledger, lint_settings
from opsbook.wire_runs import build_hosts, build_inventory, build_outputs, build_secrets, node_name
