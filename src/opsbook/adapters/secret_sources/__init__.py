"""Where secrets come from: the environment, files below one folder, programs that print one. Keeps none of them.

No message from here holds a value, nor what a program said: either may be the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

from opsbook.adapters.secret_sources.installation_key import installation_key
from opsbook.adapters.secret_sources.kept_files import file_below
from opsbook.adapters.secret_sources.printing import printed_by
from opsbook.book.grammar import Secret
from opsbook.ground.errors import Failure, Refusal
from opsbook.ground.guesses import closest

# Shorter values stand in every output by chance: they could not be struck out of it.
SHORTEST = 6
# Of one variable and of a file or a program; Linux passes at most 128 KiB in one (MAX_ARG_STRLEN).
LARGEST_BYTES = 64 * 1024


class Secrets:
    """Fetches secrets anew each time. `variables` are those of `env:` by their names; `folder` is what `file:` lies
    below, empty for none; `commands` are further sources, each a program and its first words; `key_file` keeps the key
    of the marks."""

    def __init__(
        self, variables: Mapping[str, str], folder: str, commands: Mapping[str, tuple[str, ...]], *,
        environment: Mapping[str, str], key_file: str, limit_s: float = 20.0,
    ) -> None:  # fmt: skip
        self._variables = variables
        self._folder = folder
        self._commands = commands
        self._environment = environment  # of the programs
        self._key_file = key_file
        self._limit_s = limit_s

    def fetch(self, secret: Secret) -> str:
        """Its value, without one final newline; of `SOURCE:PATH#FIELD` the text of that field of a JSON object.

        Raises Failure where it cannot be had, Refusal where it may not be used.
        """
        path, _, field = secret.path.partition("#")
        shown = f"The secret {secret.name} ({secret.source}:{secret.path})"
        try:
            content = self._source(secret.source)(path)
        except Refusal as wrong:
            raise Refusal(f"{shown} may not be used: {wrong}") from None
        except Failure as wrong:
            raise Failure(f"{shown} cannot be had: {wrong}", retryable=wrong.retryable) from None
        return _checked(_field(_text(content, shown), field, shown), shown)

    def mark(self, value: str) -> str:
        """HMAC-SHA-256 of a value, in hexadecimal, under this installation's own key, made when it is first needed."""
        key = installation_key(self._key_file)
        return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _source(self, name: str) -> Callable[[str], bytes]:
        if name in self._commands:
            words = self._commands[name]
            return lambda path: printed_by(words, path, self._environment, limit_s=self._limit_s, most=LARGEST_BYTES)
        if name == "env":
            return self._variable
        if name == "file":
            return lambda path: file_below(self._folder, path, most=LARGEST_BYTES)
        near = closest(name, (*self._commands, "env", "file"))
        guess = f" Did you mean '{near}'?" if near else ""
        raise Refusal(
            f"There is no source of secrets '{name}'.{guess} Sources besides env and file stand in [secrets] of"
            ' opsbook.toml, such as vault = ["vault", "kv", "get", "-field=value"].'
        )

    def _variable(self, name: str) -> bytes:
        value = self._variables.get(name)
        if value is None:
            near = closest(name, self._variables)
            guess = f" Did you mean 'env:{near}'?" if near else ""
            raise Failure(f"The runner's environment has no OPSBOOK_SECRET_{name}.{guess} Set it where Opsbook starts.")
        return value.encode("utf-8", "surrogateescape")


def _text(content: bytes, shown: str) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Refusal(f"{shown} is not UTF-8, and a variable cannot hold it. Keep it as base64.") from None
    if "\0" in text:
        raise Refusal(f"{shown} holds a NUL, and a variable cannot. Keep it as base64.")
    return text.removesuffix("\n").removesuffix("\r")


def _field(text: str, field: str, shown: str) -> str:
    if not field:
        return text
    try:
        written = json.loads(text)
    except (ValueError, RecursionError):
        raise Failure(f"{shown} names the field '{field}', and what is there is not JSON.") from None
    found = written.get(field) if isinstance(written, dict) else None
    if not isinstance(found, str):
        raise Failure(f"{shown} names the field '{field}', and the JSON there has no text under that name.")
    return found


def _checked(value: str, shown: str) -> str:
    if len(value) < SHORTEST:
        raise Refusal(
            f"{shown} may not be used: it is shorter than {SHORTEST} characters, so it could not be struck out of what"
            " steps print. Use a longer one."
        )
    return value
