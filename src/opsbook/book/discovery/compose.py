"""Services out of a Compose file. From its text alone: files that it includes or extends are named, not read."""

from __future__ import annotations

import re
import shlex
from posixpath import basename, dirname, join, normpath

from opsbook.book.discovery import located
from opsbook.book.discovery.compose_checks import compose_checks
from opsbook.book.discovery.compose_operations import Composed, once, operations
from opsbook.book.discovery.compose_ports import read_ports
from opsbook.book.discovery.found import Found, Told
from opsbook.book.discovery.located import Located
from opsbook.book.discovery.technologies import technology_of_command, technology_of_image
from opsbook.book.discovery.words import filled, is_name, is_plain, quoted, quoted_path, readable, variables
from opsbook.ground.errors import Finding
from opsbook.ground.yaml_nodes import Node, Scalar

_FILE = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml\Z", re.I)
_NOT_KEPT = re.compile(r"docker\.sock|^/(?:etc|usr|proc|sys|dev|run|var/run|tmp)(?:/|:|$)")

# `host:port`, or `scheme://[user@]host`; a word alone is no address, though a service may be called like it.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]{0,20}://(?:[^@/\s]{0,200}@)?([A-Za-z0-9][\w.-]{0,100})"
    r"|(?<![\w./@-])([A-Za-z0-9][\w.-]{0,100}):\d{2,5}\b"
)
_LINK_LABELS = ("org.opencontainers.image.source", "org.opencontainers.image.documentation")


def is_compose_name(path: str) -> bool:
    """Whether a file of this name is one of Compose."""
    return _FILE.match(basename(path)) is not None


def read_compose(file: Located, root: Node) -> tuple[tuple[Found, ...], tuple[Finding, ...]]:
    """The services of the file, and what stands in it that no command could be made of."""
    services = located.mapping(root, "services")
    findings: list[Finding] = []
    known: dict[str, dict[str, Node]] = {}
    for name, node in services.items():
        if not is_name(name):
            place = file.key_place(name if is_plain(name) else "services", node)
            findings.append(Finding("odd-deployment", "warning", place,
                f"Compose has no service of the name {name[:60]!r}, so it was passed over.",
                "Use letters, digits, `.`, `_` and `-`."))  # fmt: skip
        elif isinstance(node, dict):
            known[name] = _extended(node, services)
    for scalar in _included(root):
        findings.append(Finding("deployment-elsewhere", "info", file.place(scalar),
            f"This file includes {scalar.text!r}, which tells of its services itself."))  # fmt: skip
    command = _command(file.path, known)
    jobs = frozenset(
        need for service in known.values() for need, node in located.mapping(service, "depends_on").items()
        if located.text(node, "condition") == "service_completed_successfully"
    )  # fmt: skip
    found = [_service(file, name, service, (root, command, name in jobs)) for name, service in known.items()]
    return tuple(found), tuple(findings)


def _included(root: Node) -> list[Scalar]:
    found = located.scalars(root, "include")
    for item in located.items(root, "include"):
        found += located.scalars(item, "path")
    return found


def _extended(service: dict[str, Node], services: dict[str, Node]) -> dict[str, Node]:
    """The service upon the one of the same file that it extends."""
    for _ in range(5):
        extends = service.get("extends")
        name = extends.text if isinstance(extends, Scalar) else located.text(extends, "service")
        under = services.get(name)
        if not name or located.text(extends, "file") or not isinstance(under, dict) or under is service:
            return service
        own = {key: node for key, node in service.items() if key != "extends"}
        service = {**under, **own}
    return service


def _command(path: str, services: dict[str, dict[str, Node]]) -> str:
    """`docker compose -f FILE`; a file that only adds to another is named behind that one."""
    is_added = any("image" not in each and "build" not in each and "extends" not in each for each in services.values())
    first = re.sub(r"^((?:docker-)?compose)[.-][\w.-]+?(\.ya?ml)$", r"\1\2", basename(path))
    files = [join(dirname(path), first), path] if is_added and first != basename(path) else [path]
    return "docker compose" + "".join(f" -f {quoted_path(each)}" for each in files)


def _service(file: Located, name: str, service: dict[str, Node], around: tuple[Node, str, bool]) -> Found:
    root, command, is_job = around
    image = located.scalar(service, "image")
    known_image = filled(image.text) if image else ""
    words = _words(service.get("entrypoint")) + _words(service.get("command"))
    shown = known_image or (image.text.split("$")[0].rstrip(":") if image else "")
    technology = technology_of_image(shown) or technology_of_command(words)
    ports, unknown = read_ports(service)
    composed = Composed(
        name=name, compose=command, technology=technology,
        image=image.text if image and is_plain(image.text) else "",
        image_place=str(file.place(image)) if image else "",
        is_built="build" in service,
        tag_variables=_tag_variables(image.text) if image else (),
        unscalable=_unscalable(service, [port.reached for port in ports if port.is_fixed]),
        is_append_only=_is_append_only(words),
    )  # fmt: skip
    checks = () if is_job else compose_checks(file, service, composed, ports)
    notes = [f"The port {port} depends on a variable without a default." for port in unknown]
    notes += [f"It takes variables from {quoted(each.text)}." for each in _env_files(service)]
    extends = located.text(service, "extends", "file")
    notes += [f"It extends a service of {extends}; what that file says of it is not here."] if extends else []
    if not image and "build" not in service:
        notes.append("This file does not say what image it runs.")
    replicas = filled(located.text(service, "deploy", "replicas") or located.text(service, "scale"))
    labels = dict(located.pairs(service, "labels")) | dict(located.pairs(service, "deploy", "labels"))
    project = filled(located.text(root, "name")) or ""
    return Found(
        name=name, origin="compose", place=file.key_place(name, service), title=readable(name),
        description=labels.get("org.opencontainers.image.description", ""),
        technology=technology, image=known_image or composed.image, where=project,
        replicas=located.whole_number(replicas or ""),
        ports=tuple((port.reached, f"{port.inner}/{port.kind}") for port in ports),
        checks=checks, operations=once(composed) if is_job else operations(composed, checks),
        needs=_needs(file, name, service, located.mapping(root, "services")),
        keeps=_keeps(file, service), logs=_logs(file, service),
        links=_links(labels), owner=next((labels[key] for key in ("owner", "team", "maintainer") if key in labels), ""),
        is_job=is_job, facts=_facts(service), notes=tuple(note for note in notes if is_plain(note)),
    )  # fmt: skip


def _words(node: Node | None) -> list[str]:
    if isinstance(node, list):
        return [item.text for item in node if isinstance(item, Scalar)]
    try:
        return shlex.split(node.text) if isinstance(node, Scalar) else []
    except ValueError:
        return node.text.split() if isinstance(node, Scalar) else []


def _is_append_only(words: list[str]) -> bool:
    return any(each == "--appendonly" and words[at + 1 : at + 2] == ["yes"] for at, each in enumerate(words)) or any(
        "--appendonly yes" in each for each in words
    )


def _tag_variables(image: str) -> tuple[tuple[str, str], ...]:
    """The variables that make up the tag, or the one that is the whole image, each with its default; none where one
    also names the repository."""
    if alone := re.fullmatch(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^${}]*))?\})", image):
        return ((alone[1] or alone[2], alone[3] or ""),)
    repository, colon, tag = re.sub(r"\$\{[^}]*\}", lambda match: match[0].replace(":", "\0"), image).rpartition(":")
    if not colon or "/" in tag or "$" not in tag or "@" in repository:
        return ()
    whole = tag.replace("\0", ":")
    names = dict.fromkeys(variables(whole))
    return tuple((name, (re.search(rf"\$\{{{name}:?-([^${{}}]*)\}}", whole) or [None, ""])[1] or "") for name in names)


def _unscalable(service: dict[str, Node], fixed: list[str]) -> str:
    container = located.text(service, "container_name")
    if container:
        return f"its container has a fixed name ({container[:80]})" if is_plain(container) else "its name is fixed"
    if located.text(service, "network_mode") == "host":
        return "it listens on the network of its machine"
    return f"it takes the port {fixed[0]} of its machine" if fixed else ""


def _env_files(service: dict[str, Node]) -> list[Scalar]:
    found = located.scalars(service, "env_file")
    for item in located.items(service, "env_file"):
        found += located.scalars(item, "path")
    return found


def _addressed(file: Located, service: dict[str, Node], names: dict[str, Node]) -> dict[str, Told]:
    """The services of the same file whose addresses stand in its environment."""
    environment = service.get("environment")
    values = list(environment.values()) if isinstance(environment, dict) else located.items(service, "environment")
    found: dict[str, Told] = {}
    for value in values:
        if isinstance(value, Scalar):
            whole = value.text if isinstance(environment, dict) else value.text.partition("=")[2]
            for match in _ADDRESS.finditer(whole[:2000]):
                host = match[1] or match[2]
                if host in names:
                    found.setdefault(host, file.told(value, host))
    return found


def _needs(file: Located, name: str, service: dict[str, Node], names: dict[str, Node]) -> tuple[Told, ...]:
    found: dict[str, Told] = {}
    depends = service.get("depends_on")
    if isinstance(depends, dict):
        for need, node in depends.items():
            found[need] = Told(need, file.key_place(need, node))
    for scalar in located.scalars(service, "depends_on") + located.scalars(service, "links"):
        need = scalar.text.partition(":")[0]
        found.setdefault(need, file.told(scalar, need))
    mode = located.scalar(service, "network_mode")
    if mode and mode.text.startswith("service:"):
        found.setdefault(mode.text[8:], file.told(mode, mode.text[8:]))
    for need, told in _addressed(file, service, names).items():
        found.setdefault(need, told)
    return tuple(told for need, told in found.items() if is_name(need) and need != name)


def _keeps(file: Located, service: dict[str, Node]) -> tuple[Told, ...]:
    found = []
    context = located.text(service, "build") or located.text(service, "build", "context")
    for item in located.items(service, "volumes"):
        if isinstance(item, Scalar):
            source, _, rest = (filled(item.text) or item.text).partition(":")
            target, _, mode = rest.partition(":")
            is_read_only = "ro" in mode.split(",")
        else:
            source, target = located.text(item, "source"), located.text(item, "target")
            is_read_only = located.text(item, "read_only") == "true" or located.text(item, "type") == "tmpfs"
        first = located.first_scalar(item)
        if context and source.startswith(".") and normpath(source) == normpath(context):
            continue  # the source that it is built from; a folder within may well hold what is kept
        if target and source and first and not is_read_only and not _NOT_KEPT.search(source) and is_plain(source):
            found.append(file.told(first, f"{source} at {target}" if is_plain(target) else source))
    return tuple(found)


def _logs(file: Located, service: dict[str, Node]) -> tuple[Told, ...]:
    driver = located.scalar(service, "logging", "driver")
    if driver is None or driver.text in ("json-file", "local", "journald", "none") or not is_plain(driver.text):
        return ()
    return (file.told(driver, f"sent away by the log driver {driver.text}"),)


def _links(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    found = []
    for key, value in labels.items():
        if key.startswith("traefik.") and key.endswith(".rule"):
            hosts = re.findall(r"Host\(`([A-Za-z0-9.-]+)`\)", filled(value) or "")
            found += [(f"Reached as {host}", f"https://{host}/") for host in hosts]
        elif key in _LINK_LABELS and re.fullmatch(r"https?://[^\s\"'<>`]+", value):
            found.append((key.rpartition(".")[2].capitalize(), value))
    return tuple(found)


def _facts(service: dict[str, Node]) -> tuple[tuple[str, str], ...]:
    profiles = ", ".join(each.text for each in located.scalars(service, "profiles"))
    rows = (("Restart policy", located.text(service, "restart")), ("Profiles", profiles),
            ("Container", located.text(service, "container_name")))  # fmt: skip
    return tuple((words, value) for words, value in rows if value and is_plain(value))
