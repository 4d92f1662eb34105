"""The name of this machine as a node: the same after a restart, and another's on every other. Changes nothing."""

from __future__ import annotations

import socket
import uuid
from contextlib import suppress
from hashlib import sha256

_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")


def node_name() -> str:
    """The host's name, and eight letters of what its system was numbered with; copies of a disk need their own."""
    number = f"{uuid.getnode():x}"
    for path in _IDS:
        with suppress(OSError), open(path, encoding="ascii") as file:
            number = file.read().strip() or number
            break
    return f"{socket.gethostname()}-{sha256(f'opsbook {number}'.encode()).hexdigest()[:8]}"
