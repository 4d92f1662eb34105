"""The program's one way in: `opsbook` and `python -m opsbook`. Only opens the door to the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """The exit status of the command line in `sys.argv`; Ctrl-C during the imports is a quiet 130 too."""
    try:
        from opsbook.entrypoints.cli import run  # inside: so that it is under this try

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
