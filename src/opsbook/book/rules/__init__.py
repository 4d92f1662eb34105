"""One lint rule per file: each file names its rule, says why it exists, and registers one check. Imports nothing else.

`load` imports them all; adding a rule is adding its file here and its page in docs/rules.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module


@cache
def load() -> tuple[str, ...]:
    """Imports every rule file, which registers it; returns the modules' names."""
    names = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
    for name in names:
        import_module(f"{__name__}.{name}")
    return names
