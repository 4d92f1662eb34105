"""Whether what is configured for serving, running and probing can work at all, told at the start and all at once.

`config_file.py` has looked at the shape of each value; this looks at what it says, and whether files that it names are
there. Opens none and asks nobody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from opsbook.adapters.step_hosts.inventory import read_place
from opsbook.book.plan import LOCAL
from opsbook.config import Config
from opsbook.ground.errors import Usage
from opsbook.ground.guesses import closest
from opsbook.ground.host_port import host_and_port

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SELF = "self"
_PORTS = {"http": 80, "https": 443, "tls": 443, "dns": 53}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # it is part of the name of a folder
_PYTHON = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+-]*")  # it stands in the one line that hosts are sent
_SOURCE = re.compile(r"[a-z][a-z0-9_-]*")
_Wrong = tuple[str, str]  # the key, and what is wrong with its value


def check_serving(config: Config) -> None:
    """Raises Usage with a line for each setting that a server could not work with."""
    _tell(config, [*_oidc(config), *_public(config), *_hosts(config), *_proxies(config), *_probes(config),
                   *_running(config), *_notifying(config)])  # fmt: skip


def check_running(config: Config) -> None:
    """Raises Usage with a line for each setting that no step could be run with."""
    _tell(config, list(_running(config)))


def check_probing(config: Config) -> None:
    """Raises Usage with a line for each setting that probes could not work with."""
    _tell(config, list(_probes(config)))


def _tell(config: Config, wrong: list[_Wrong]) -> None:
    placed = sorted((_line(config, key), message) for key, message in wrong)
    if placed:
        file = config.place("").rpartition(":")[0]
        raise Usage("\n".join(f"{file}:{line}: {message}" for line, message in placed))


def _line(config: Config, key: str) -> int:
    """The line of a key; where its table is written on one line, that of the table."""
    table = ".".join(key.split(".")[:2])
    return config.lines.get(key) or config.lines.get(table) or config.lines.get(key.partition(".")[0], 1)


def _oidc(config: Config) -> Iterator[_Wrong]:
    issuer, client = config.oidc_issuer, config.oidc_client_id.strip()
    if not issuer:
        if client:
            yield "oidc.client_id", (
                "'oidc.client_id' is set and 'oidc.issuer' is not, so nobody can sign in by it. Write the provider's"
                ' address, such as issuer = "https://id.example.org".'
            )
        return
    if not client:
        yield "oidc.issuer", (
            "'oidc.issuer' is set and 'oidc.client_id' is not, so nobody could sign in. Write what the provider calls"
            ' Opsbook, such as client_id = "opsbook".'
        )
    parts = _split(issuer)
    if parts is None or parts.query or parts.fragment:
        yield "oidc.issuer", f"'oidc.issuer' is no address of a provider: '{issuer}'.{_guess(issuer)}"
    elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        secure = issuer.replace("http://", "https://", 1)
        yield "oidc.issuer", (
            f"'oidc.issuer' is not https, so whoever listens on the way could sign in: '{issuer}'. Only on this machine"
            f" may it be http. Did you mean '{secure}'?"
        )


def _public(config: Config) -> Iterator[_Wrong]:
    written = config.public_url
    parts = _split(written)
    if not written:
        return
    if parts is None:
        yield "serve.public_url", f"'serve.public_url' is no address: '{written}'.{_guess(written)}"
    elif parts.path.strip("/") or parts.query or parts.fragment:
        yield "serve.public_url", (
            f"'serve.public_url' has more than a scheme and a host: '{written}'. Opsbook's pages begin at the root of"
            f" an address. Did you mean '{parts.scheme}://{parts.netloc}'?"
        )


def _hosts(config: Config) -> Iterator[_Wrong]:
    for written in config.serve_hosts:
        if host_and_port(written) is None and not _is_address(written):
            bare = urlsplit(written if "://" in written else f"//{written}").netloc.rpartition("@")[2]
            guess = f" Did you mean '{bare}'?" if host_and_port(bare) else " Write such as \"ops.example.org\"."
            yield "serve.hosts", f"'{written}' is no name of a host.{guess}"


def _proxies(config: Config) -> Iterator[_Wrong]:
    for written in config.trusted_proxies:
        if not _is_network(written):
            yield "serve.trusted_proxies", _no_network(written, "10.0.0.7", "10.0.0.0/8")


def _probes(config: Config) -> Iterator[_Wrong]:
    for written in config.probe_allow:
        if not _is_network(written):
            yield "probes.allow", _no_network(written, "169.254.169.254", "169.254.0.0/16")
    for asked, instead in config.probe_rewrite.items():
        key = f"probes.rewrite.{asked}"
        if not _has_port(asked):
            yield key, f"'{asked}' in [probes.rewrite] is not host:port, as a page writes it.{_with_port(asked)}"
        if instead != _SELF and not _has_port(instead):
            yield key, f"'{instead}' in [probes.rewrite] is neither host:port nor \"self\".{_with_port(instead)}"


def _running(config: Config) -> Iterator[_Wrong]:
    yield from _machines(config)
    yield from _groups(config)
    yield from _ssh(config)
    yield from _secrets(config)


def _notifying(config: Config) -> Iterator[_Wrong]:
    if not (config.smtp or config.channels or config.webhook_secret or config.mail_from):
        return
    from opsbook.adapters.notifying.faults import faults_of  # inside: few commands need it
    from opsbook.adapters.notifying.routes import Settings

    yield from faults_of(Settings(
        smtp=config.smtp, sender=config.mail_from, channels=config.channels, webhook_secret=config.webhook_secret,
        sources=("env", "file", *config.secrets),
    ))  # fmt: skip


def _machines(config: Config) -> Iterator[_Wrong]:
    for name, written in config.hosts.items():
        key = f"hosts.{name}"
        if not _NAME.fullmatch(name) or name.lower() == LOCAL:
            yield key, f"'{name}' in [hosts] cannot be the name of a host.{_names(name)}"
        elif read_place(name, written) is None:
            yield key, (
                f"'{written}' is no address of the host '{name}'. Write such as \"deploy@web-1.example.org:22\","
                ' "10.0.0.7", "[2001:db8::7]:2222", or "" where the name is the address.'
            )


def _groups(config: Config) -> Iterator[_Wrong]:
    for name, members in config.groups.items():
        key = f"groups.{name}"
        if not _NAME.fullmatch(name) or name.lower() == LOCAL:
            yield key, f"'{name}' in [groups] cannot be the name of a group.{_names(name)}"
        elif name in config.hosts:
            yield key, f"'{name}' is the name of a group and of a host. Rename one of them."
        for member in members:
            if member not in config.hosts:
                near = closest(member, config.hosts)
                mend = f"Did you mean '{near}'?" if near else f"Write {member} = \"\" there if the name is its address."
                yield key, f"The group '{name}' has the host '{member}', which is not in [hosts]. {mend}"


def _names(name: str) -> str:
    if name.lower() == LOCAL:
        return f" '{LOCAL}' is the machine where a run was started."
    return " Write letters, digits, dots and hyphens."


def _ssh(config: Config) -> Iterator[_Wrong]:
    for written in config.ssh_keys:
        if not os.path.isfile(config.path(written)):
            yield "ssh.keys", f"There is no file '{written}', which 'ssh.keys' names as a private key."
    known = config.ssh_known_hosts
    if known and not os.path.isfile(config.path(known)):
        yield "ssh.known_hosts", (
            f"There is no file '{known}', so no host could be trusted. Write pinned keys into it, as `ssh-keyscan HOST`"
            " prints them, after comparing them with what the host itself says."
        )
    if not _PYTHON.fullmatch(config.ssh_python):
        yield "ssh.python", (
            f"'ssh.python' is no name or path of a program: '{config.ssh_python}'. Write such as \"python3\" or"
            ' "/usr/bin/python3".'
        )


def _secrets(config: Config) -> Iterator[_Wrong]:
    for name, words in config.secrets.items():
        key = f"secrets.{name}"
        if name in ("env", "file"):
            yield key, f"'{name}' in [secrets] is always there and is no program's. Give the source another name."
        elif not _SOURCE.fullmatch(name):
            yield key, (
                f"No page could name the source of secrets '{name}'. Write lower-case letters, digits and hyphens, such"
                " as \"vault\"."
            )
        elif not words or not words[0].strip():
            yield key, (
                f"The source of secrets '{name}' has no program. Write such as"
                ' vault = ["vault", "kv", "get", "-field=value"].'
            )
    folder = config.secret_folder
    if folder and not os.path.isdir(config.path(folder)):
        yield "runs.secret_folder", f"There is no folder '{folder}', which 'runs.secret_folder' names."


def _split(address: str) -> SplitResult | None:
    """An address of http or https that names a host and no user; None for anything else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    is_plain = address.isprintable() and " " not in address
    return parts if is_plain and parts.scheme in ("http", "https") and host_and_port(parts.netloc) else None


def _guess(address: str) -> str:
    rest = address.rpartition("://")[2].lstrip("/")
    is_one = not address.startswith(("http:", "https:")) and _split(f"https://{rest}") is not None
    return f" Did you mean 'https://{rest}'?" if is_one else ' Write such as "https://ops.example.org".'


def _has_port(written: str) -> bool:
    found = host_and_port(written)
    return found is not None and found[1] is not None


def _with_port(written: str) -> str:
    scheme, _, rest = written.rpartition("://")
    host = rest.partition("/")[0]
    guess = host if _has_port(host) else f"{host}:{_PORTS.get(scheme, 443)}"
    return f" Did you mean '{guess}'?" if _has_port(guess) else ' Write such as "10.0.0.7:8443".'


def _no_network(written: str, address: str, network: str) -> str:
    return f"'{written}' is neither an address nor a network. Write such as \"{address}\" or \"{network}\"."


def _is_address(written: str) -> bool:
    try:
        ip_address(written)
    except ValueError:
        return False
    return True


def _is_network(written: str) -> bool:
    try:
        ip_network(written.strip(), strict=False)
    except ValueError:
        return False
    return True
