"""Outputs of steps in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.adapters.outputs_contract import KEPT_FOR, MOST_OF_ONE, OutputsContract

from opsbook.adapters.outputs_folder import OutputsFolder


class TestOutputsFolder(OutputsContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[int], OutputsFolder]:
        return lambda most_bytes: OutputsFolder(
            str(tmp_path / "runs"), cap_bytes=MOST_OF_ONE, keep=KEPT_FOR, total_bytes=most_bytes
        )
