"""One lint rule per file: each file names its rule, says why it exists, and registers one check. Imports nothing else.

A rule lies in the folder of what it looks at, and a folder is imported when such a thing is first met: a lint of one
free page does not pay for the rules of procedures. Adding a rule is adding its file here and its page in docs/rules.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Literal

Folder = Literal["pages", "policies", "procedures", "reports", "rule_files"]
FOLDERS: tuple[Folder, ...] = ("pages", "policies", "procedures", "reports", "rule_files")


@cache
def load(folder: Folder) -> frozenset[str]:
    """Imports the rules of a folder, which registers them; returns their names, which are those of their files."""
    package = import_module(f"{__name__}.{folder}")
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    for name in names:
        import_module(f"{package.__name__}.{name}")
    return frozenset(name.replace("_", "-") for name in names)


@cache
def abouts() -> dict[str, str]:
    """What each rule finds, in one phrase by its name: the first sentence of its file."""
    found = {}
    for folder in FOLDERS:
        package = import_module(f"{__name__}.{folder}")
        for module in pkgutil.iter_modules(package.__path__):
            written = import_module(f"{package.__name__}.{module.name}").__doc__ or ""
            sentence = " ".join(written.split()).split("`: ", 1)[-1].split(". ", 1)[0].rstrip(".")
            found[module.name.replace("_", "-")] = sentence
    return found
