"""Which files of a repository are read for what they deploy, and which are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.git_folder import GitFolder

from opsbook.adapters.deployment_files import DeploymentFolder
from opsbook.ground.errors import Usage
from opsbook.usecases.ports import Unreadable


def laid(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("services: {}\n")
    return root


def found(root: Path, *paths: str) -> list[str]:
    asked = [str(root / path) for path in paths]
    return [path for path, _ in DeploymentFolder(str(root)).files(asked, lambda path: path.endswith(".yaml"))]


def test_wanted_files_are_found_in_the_order_of_their_paths(tmp_path: Path) -> None:
    assert found(laid(tmp_path, "b.yaml", "a/c.yaml", "a/x.txt", "a.yaml")) == ["a.yaml", "a/c.yaml", "b.yaml"]


def test_folders_of_others_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    paths = ("node_modules/a.yaml", "vendor/a.yaml", ".git/a.yaml", "env/pyvenv.cfg", "env/a.yaml", ".helm/a.yaml")
    assert found(laid(tmp_path, *paths)) == [".helm/a.yaml"]


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    laid(tmp_path, "elsewhere/secret.yaml", "own/real.yaml")
    os.symlink(tmp_path / "elsewhere/secret.yaml", tmp_path / "own/out.yaml")
    os.symlink(tmp_path / "elsewhere", tmp_path / "own/folder")
    os.symlink("real.yaml", tmp_path / "own/within.yaml")
    assert found(tmp_path / "own") == ["real.yaml", "within.yaml"]


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    GitFolder(tmp_path)
    laid(tmp_path, "build/a.yaml", "kept.yaml")
    (tmp_path / ".gitignore").write_text("build/\n")
    assert found(tmp_path) == ["kept.yaml"]


def test_a_file_that_is_named_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    assert found(laid(tmp_path, "a.yaml", "deploy/stack.txt"), "deploy/stack.txt") == ["deploy/stack.txt"]


def test_a_place_outside_is_refused(tmp_path: Path) -> None:
    laid(tmp_path, "own/a.yaml", "other/b.yaml")
    with pytest.raises(Usage, match="outside of the repository"):
        found(tmp_path / "own", "../other")


def test_a_file_that_is_too_large_is_told_and_not_read(tmp_path: Path) -> None:
    laid(tmp_path, "a.yaml")
    ((path, raw),) = DeploymentFolder(str(tmp_path), largest_bytes=4).files((), lambda path: True)
    assert path == "a.yaml"
    assert isinstance(raw, Unreadable)


def test_a_long_walk_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[int] = []
    folder = DeploymentFolder(str(laid(tmp_path, "a", "b", "c", "d")), told_every=2)
    list(folder.files((), lambda path: False, told.append))
    assert told == [2, 4]
