"""The folder for what Opsbook itself writes, kept out of git. Writes nothing else."""

from __future__ import annotations

import os


def make_state_folder(folder: str) -> None:
    """Makes the folder, with an ignore file of its own; raises OSError where it cannot.

    A folder that is there and is not called `.opsbook` is somebody else's: a ledger may be kept in the root of a
    repository, and an ignore file there would hide the repository.
    """
    is_ours = os.path.basename(folder) == ".opsbook" or not os.path.exists(folder)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if is_ours and not os.path.exists(ignore):
        with open(ignore, "w", encoding="ascii") as file:
            file.write("*\n")
