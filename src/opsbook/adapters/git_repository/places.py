"""Where a page may be written: below the book's folder, nothing hidden, through no link, with the ending of a page."""

from __future__ import annotations

import os

from opsbook.book.page import PAGE_ENDINGS
from opsbook.ground.errors import Refusal


def check_place(root: str, folder: str, path: str) -> None:
    """Raises Refusal where `path`, relative to the root, is no place for a page of the book in `folder`."""
    parts = path.split("/")
    if not path or "\0" in path or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise Refusal(f"'{path}' is no path of a page. Write it from the repository's root, such as 'docs/db.md'.")
    if any(part.startswith(".") for part in parts):
        raise Refusal(f"'{path}' is hidden: a name begins with a dot. Pages are not kept there.")
    if not path.lower().endswith(PAGE_ENDINGS):
        raise Refusal(f"'{path}' is no page. Its name must end with .md.")
    if any(ord(letter) < 32 for letter in path) or any(len(part.encode("utf-8", "replace")) > 200 for part in parts):
        raise Refusal(f"'{path[:80]}' has a name that no page can have.")
    whole = os.path.join(root, *parts)
    if not (whole + os.sep).startswith(folder.rstrip(os.sep) + os.sep):
        raise Refusal(f"'{path}' does not lie in the book '{os.path.relpath(folder, root)}'.")
    _check_links(root, parts, path)


def _check_links(root: str, parts: list[str], path: str) -> None:
    """Git keeps a link and not what it leads to, so a page is written by its own path or not at all."""
    at = root
    for part in parts:
        at = os.path.join(at, part)
        if os.path.islink(at):
            real = os.path.realpath(os.path.join(root, *parts))
            inside = (real + os.sep).startswith(os.path.realpath(root).rstrip(os.sep) + os.sep)
            where = f" Edit '{os.path.relpath(real, os.path.realpath(root))}' instead." if inside else ""
            raise Refusal(f"'{path}' is reached through a link.{where}")
    if os.path.isdir(at):
        raise Refusal(f"'{path}' is a folder.")
