"""The small program that watches over commands, as bytes to be sent to a machine, and how it is begun there.

`python -c BOOTSTRAP` reads the program from its standard input and becomes it; what follows on the same pipe are frames
(see `shim_program/framing.py` for the protocol). So nothing is ever installed, and the two sides are always of one
version. The argument is constant: no name, path or value is ever part of a command line.
"""

from __future__ import annotations

import functools
import json
from importlib import resources

_PACKAGE = "opsbook.adapters.step_hosts.shim_program"
# Each imports only what stands before it.
MODULES = ("framing", "encodings", "redaction", "tree", "carried", "folder", "output", "command", "watching", "serving")

# Reads by the system's own call: a buffer would swallow the first frames.
BOOTSTRAP = (
    "import os\n"
    "def take(n):\n"
    " b=b''\n"
    " while len(b)<n:\n"
    "  p=os.read(0,n-len(b))\n"
    "  if not p: os._exit(1)\n"
    "  b+=p\n"
    " return b\n"
    "exec(compile(take(int(take(8))),'shim','exec'),{'__name__':'__main__'})\n"
)
_LOADER = """import sys, types
for name, text in {modules}:
    module = types.ModuleType({package!r} + "." + name)
    sys.modules[module.__name__] = module
    exec(compile(text, name + ".py of the shim", "exec"), module.__dict__)
module.main()
"""


@functools.cache
def preamble() -> bytes:
    """What is written to the program's standard input before the first frame."""
    folder = resources.files(_PACKAGE)
    texts = [(name, folder.joinpath(f"{name}.py").read_text("utf-8")) for name in MODULES]
    program = _LOADER.format(modules=json.dumps(texts), package=_PACKAGE).encode("utf-8")
    return b"%08d" % len(program) + program


def bootstrap_argv(python: str) -> list[str]:
    """The words that begin it: isolated from whatever is installed or set there."""
    return [python, "-I", "-S", "-c", BOOTSTRAP]
