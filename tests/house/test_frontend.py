"""The scripts and styles of the web pages: what is locked, what is built, and that it is built once."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "src/opsbook/entrypoints/assets"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """hatch_build.py as a module."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """The manifest: each asset's plain name and the name of its file."""
    return dict(json.loads((ASSETS / "manifest.json").read_text(encoding="utf-8")))


def test_the_lock_holds_a_hash_of_every_package_and_no_address_of_a_registry() -> None:
    locked = json.loads((ROOT / "frontend/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in locked["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if not entry.get("integrity", "").startswith("sha512-")] == []


def test_what_lies_there_is_built_of_the_sources_and_is_not_built_again(hook: ModuleType) -> None:
    assert hook.build(ROOT) is False, "The assets are older than frontend/: run make, or .venv/bin/python hatch_build.py"


def test_a_change_of_any_source_is_seen(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "frontend/src").mkdir(parents=True)
    source = tmp_path / "frontend/src/a.js"
    source.write_text("1")
    first = hook._digest([tmp_path / "frontend"])
    source.write_text("2")
    assert hook._digest([tmp_path / "frontend"]) != first
    source.write_text("1")
    (tmp_path / "frontend/node_modules").mkdir()
    (tmp_path / "frontend/node_modules/b.js").write_text("")
    assert hook._digest([tmp_path / "frontend"]) == first


def test_assets_that_were_made_of_these_sources_need_no_npm(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "frontend").mkdir()
    (tmp_path / "hatch_build.py").write_text("")
    assets = tmp_path / hook.ASSETS
    assets.mkdir(parents=True)
    (assets / "built-from").write_text(hook._digest([tmp_path / "frontend", tmp_path / "hatch_build.py"]))
    assert hook.build(tmp_path) is False


def test_every_asset_is_named_by_its_content_and_lies_there_compressed(names: dict[str, str]) -> None:
    assert {"opsbook.css", "opsbook.js", "scheme.js", "editor.js", "diagram.js", "diagram.html", "icon.svg"} <= set(names)
    for plain, hashed in names.items():
        stem, _, ending = plain.rpartition(".")
        assert re.fullmatch(rf"{stem}\.[0-9a-f]{{12}}\.{ending}", hashed)
        size = (ASSETS / hashed).stat().st_size
        packed = [ASSETS / f"{hashed}{each}" for each in (".gz", ".br")]
        assert size < 256 or all(file.stat().st_size < size for file in packed)


def test_the_licences_of_what_is_bundled_come_with_it(names: dict[str, str]) -> None:
    text = (ASSETS / names["LICENSES.txt"]).read_text(encoding="utf-8")
    for package in ("htmx.org 2", "htmx-ext-sse 2", "mermaid 12", "dompurify 3", "d3-shape 3"):
        assert f"\n{package}" in text
    assert "Permission is hereby granted" in text


def test_the_pages_own_scripts_evaluate_no_text_and_write_no_html_of_others() -> None:
    for file in (ROOT / "frontend/src").glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|document\.write|insertAdjacentHTML|outerHTML\s*=", text), file.name
        written = [line.strip() for line in text.splitlines() if ".innerHTML =" in line]
        assert written in ([], ["button.innerHTML = icon"], ["document.body.innerHTML = svg"]), file.name


def test_no_template_has_a_script_a_style_or_a_handler_of_its_own() -> None:
    for file in (ROOT / "src/opsbook/entrypoints/templates").glob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|\shx-on", text), file.name
