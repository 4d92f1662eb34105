"""The scripts and styles that were built into the installation, as they lie there. Serves nothing."""

from __future__ import annotations

import json
import os

from opsbook.ground.errors import Failure
from opsbook.usecases.static_site.ports import Assets


def read_assets(folder: str) -> Assets:
    """The assets in a folder by its manifest; none where nothing was built."""

    def read(name: str) -> bytes:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                return file.read()
        except OSError as wrong:
            raise Failure(f"The asset '{name}' of this installation cannot be read: {wrong.strerror}.") from wrong

    try:
        with open(os.path.join(folder, "manifest.json"), "rb") as file:
            return Assets(dict(json.load(file)), read)
    except FileNotFoundError:
        return Assets({}, read)
