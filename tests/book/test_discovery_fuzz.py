"""Whatever the text of a file that deploys something, it is read without an error, and its commands are sound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book import test_discovery_compose, test_discovery_kubernetes
from tests.book.sound_operations import assert_sound

from opsbook.book.discovery import Found
from opsbook.book.discovery.reading import could_deploy, joined, read_deployment

# One path of each kind of file, and words of each that lead into its reader.
PATHS = ("a/compose.yaml", "docker-compose.prod.yml", "k8s/a.yaml")
WHOLE = {
    "compose.yaml": test_discovery_compose.SHOP,
    "k8s/a.yaml": test_discovery_kubernetes.SHOP + test_discovery_kubernetes.INGRESS,
}
WORDS = st.sampled_from((
    "services", "image", "ports", "healthcheck", "test", "depends_on", "volumes", "build", "deploy", "replicas",
    "extends", "include", "environment", "labels", "command", "name", "postgres:16", "redis", "nginx:${TAG:-1}",
    "80:80", "${A", "$$B", "CMD", "CMD-SHELL", "curl http://localhost/", "a b; rm -rf /", "'", '"', "`x`", "$(x)",
))  # fmt: skip
TEXTS = st.one_of(WORDS, st.text(max_size=12))
TREES = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=25,
)


def assert_read(path: str, text: str) -> tuple[Found, ...]:
    """The file is read, and all that comes of it has a place in it and commands that can be run."""
    found, findings = read_deployment(path, text)
    for place in [each.place for each in found] + [each.span for each in findings]:
        assert place.path == path and place.line >= 1 and place.column >= 1
    assert_sound(found)
    joined(found)
    return found


@given(st.sampled_from(PATHS), st.text(max_size=300))
def test_any_text_is_read(path, text):
    assert_read(path, text)


@given(st.sampled_from(PATHS), st.dictionaries(st.sampled_from(("a", "b", "x y")), TREES, max_size=3))
def test_any_services_are_read(path, services):
    assert_read(path, json.dumps({"services": services}))


@given(st.sampled_from(tuple(WHOLE)), st.integers(0), st.text(max_size=4), st.integers(0, 9))
def test_a_document_with_a_slip_is_read(path, at, put, cut):
    text = WHOLE[path]
    at %= len(text)
    assert_read(path, text[:at] + put + text[at + cut :])


@given(st.sampled_from(("Deployment", "CronJob", "Service", "List")), TREES, TREES)
def test_any_manifest_is_read(kind, spec, more):
    assert_read("a.yaml", json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec,
                                      "items": more}))  # fmt: skip


def test_every_file_of_the_corpora_is_read(corpora: Path):
    for path in corpora.rglob("*"):
        name = path.relative_to(corpora).as_posix()
        if could_deploy(name) and path.is_file():
            for each in assert_read(name, path.read_text("utf-8", "replace")):
                assert each.name


@pytest.mark.parametrize("text", ["a: &a [*a]", "services: &a {b: *a}", "services: {a: &x {depends_on: *x}}"])
def test_rings_and_repetitions_are_read(text):
    assert_read("compose.yaml", text)
