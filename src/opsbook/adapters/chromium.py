"""The system's Chromium, which makes a PDF of a document. With a profile of its own, no network, and an end in time."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from opsbook.ground.errors import Failure

NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge",
)  # fmt: skip
_LONGEST_S = 300


def pdf_of(html: bytes, *, names: tuple[str, ...] = NAMES, longest_s: float = _LONGEST_S) -> bytes:
    """The document as PDF, with an outline. Raises Failure where there is no Chromium, or it does not manage."""
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        raise Failure(
            "There is no Chromium on this machine, which makes the PDF: install the package chromium, or print the file"
            " of 'opsbook export bundle' from any browser."
        )
    with tempfile.TemporaryDirectory(prefix="opsbook-pdf-", ignore_cleanup_errors=True) as folder:
        document, made = Path(folder, "book.html"), Path(folder, "book.pdf")
        document.write_bytes(html)
        said = _run(_command(program, folder, document, made), longest_s)
        if not made.exists():
            raise Failure(f"Chromium ('{program}') wrote no PDF. It said: {said or 'nothing'}")
        return made.read_bytes()


def _command(program: str, folder: str, document: Path, made: Path) -> list[str]:
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # it refuses to start for root else
    return [
        program, "--headless=new", *root, "--disable-gpu", "--no-first-run", "--disable-extensions",
        "--disable-background-networking", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder}/profile", "--no-pdf-header-footer", "--generate-pdf-document-outline",
        f"--print-to-pdf={made}", document.as_uri(),
    ]  # fmt: skip


def _run(command: list[str], longest_s: float) -> str:
    """What it said on standard error, shortened."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        said = process.communicate(timeout=longest_s)[1]
    except subprocess.TimeoutExpired as wrong:
        os.killpg(process.pid, 9)  # its helpers too
        process.communicate()
        raise Failure(f"Chromium made no PDF within {longest_s:.0f} s.", retryable=True) from wrong
    return " ".join(said.decode("utf-8", "replace").split())[-300:]
