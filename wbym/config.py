"""Which accounts there are, and where their secrets are found.

A TOML file names them; secrets stand in the environment or in files of their own::

    [accounts.shop]
    marketplace = "wildberries"
    secret_env = "SHOP_WB_TOKEN"       # or: secret_file = "shop.token"
    base_url = "http://127.0.0.1:8080" # only for a simulator or a proxy

Without a file ``WBYM_<MARKETPLACE>_TOKEN`` makes one account named after its marketplace, with
``WBYM_<MARKETPLACE>_BASE_URL`` where that is set.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
import msgspec

from wbym.account import Adapter, installed_adapters, require_address
from wbym.calls import DEFAULT_MAX_WAIT
from wbym.errors import ConfigError, InvalidInput

__all__ = ["DEFAULT_CONFIG", "AccountSource", "choose", "find_accounts"]

DEFAULT_CONFIG = Path("wbym.toml")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account as the file describes it."""

    marketplace: str
    secret_env: str | None = None
    secret_file: str | None = None
    base_url: str | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: dict[str, dict[str, object]]


class AccountSource:
    """An account that can be opened. It knows where its secret is, and not the secret.

    Args:
        name: The account's name.
        adapter: The marketplace's adapter.
        variable: The environment variable that holds the secret.
        file: The file that holds the secret, instead of a variable.
        base_url: One server instead of the marketplace's own.
        environ: The environment.
    """

    def __init__(
        self,
        name: str,
        adapter: type[Adapter],
        *,
        environ: Mapping[str, str],
        variable: str | None = None,
        file: Path | None = None,
        base_url: str | None = None,
    ) -> None:
        self.name = name
        self.adapter = adapter
        self.variable = variable
        self.file = file
        self.base_url = base_url
        self._environ = environ

    async def open(self, *, max_wait: float | None = DEFAULT_MAX_WAIT) -> Adapter:
        """The account, to be used in ``async with``.

        Args:
            max_wait: Seconds that a call waits for its limits at most; None for ever.

        Raises:
            ConfigError: There is no secret where it should be.
            InvalidToken: The secret is none of this marketplace.
        """
        secret = await self._secret()
        return self.adapter.from_secret(
            secret, name=self.name, base_url=self.base_url, max_wait=max_wait
        )

    async def _secret(self) -> str:
        if self.file is not None:
            where = str(self.file)
            try:
                secret = await anyio.Path(self.file).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
                raise ConfigError(
                    f"{self.name}: the secret cannot be read from {where}: {reason}"
                ) from None
        else:
            where = f"the environment variable {self.variable}"
            secret = self._environ.get(self.variable or "", "")
        if not secret.strip():
            raise ConfigError(f"{self.name}: no secret is in {where}")
        return secret.strip()


def find_accounts(
    config: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    adapters: Mapping[str, type[Adapter]] | None = None,
) -> list[AccountSource]:
    """The accounts of the file; where there is none, those of the environment.

    Args:
        config: The file; ``wbym.toml`` where it is None and that exists.
        environ: The environment; the process's own where it is None.
        adapters: The adapters by name; the installed ones where it is None.

    Raises:
        ConfigError: The file cannot be used, or there is no account at all.
    """
    environ = os.environ if environ is None else environ
    adapters = installed_adapters() if adapters is None else adapters
    if config is None and DEFAULT_CONFIG.is_file():
        config = DEFAULT_CONFIG
    if config is not None:
        return _of_file(config, environ, adapters)
    found = []
    variables = []
    for marketplace, adapter in sorted(adapters.items()):
        prefix = f"WBYM_{marketplace.upper().replace('-', '_')}"
        variable = f"{prefix}_TOKEN"
        variables.append(variable)
        if environ.get(variable):
            base_url = environ.get(f"{prefix}_BASE_URL")
            _check_address(f"the environment variable {prefix}_BASE_URL", base_url)
            found.append(
                AccountSource(
                    marketplace, adapter, environ=environ, variable=variable, base_url=base_url
                )
            )
    if not found:
        raise ConfigError(
            f"no account is known: set {' or '.join(variables)}, or describe accounts in "
            f"{DEFAULT_CONFIG} (see wbym --help)"
        )
    return found


def choose(sources: Sequence[AccountSource], name: str | None) -> list[AccountSource]:
    """The account with this name, or all of them where no name is given.

    Raises:
        ConfigError: There is no such account.
    """
    if name is None:
        return list(sources)
    found = [source for source in sources if source.name == name]
    if not found:
        known = ", ".join(source.name for source in sources)
        raise ConfigError(f"there is no account {name!r}; known are: {known}")
    return found


def _of_file(
    path: Path, environ: Mapping[str, str], adapters: Mapping[str, type[Adapter]]
) -> list[AccountSource]:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
        tables = msgspec.convert(document, _File).accounts
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The error itself goes on to nobody: it holds the file, which may hold a secret by mistake.
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "no UTF-8 text"
        raise ConfigError(f"{path}: it is no TOML: {reason}") from None
    except msgspec.ValidationError as error:
        rule = "expected are tables [accounts.NAME] and nothing else"
        raise ConfigError(f"{path}: {error}; {rule}") from None
    if not tables:
        raise ConfigError(f"{path}: accounts: expected is at least one table [accounts.NAME]")
    return [_of_table(path, text, name, table, environ, adapters) for name, table in tables.items()]


def _check_address(where: str, base_url: str | None) -> None:
    try:
        require_address("accounts", base_url)
    except InvalidInput as error:
        raise ConfigError(f"{where}: {error.rule}; got {base_url!r}") from None


def _line(text: str, name: str, key: str = "") -> str:
    """Where a key of an account stands, such as `` (line 3)``; empty if it is written otherwise."""
    begin = None
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*accounts\s*\.\s*[\"']?(.+?)[\"']?\s*\]", line):
            begin = number if head[1] == name else None
            if begin and not key:
                return f" (line {number})"
        elif begin and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f" (line {number})"
    return ""


def _of_table(
    path: Path,
    text: str,
    name: str,
    table: dict[str, object],
    environ: Mapping[str, str],
    adapters: Mapping[str, type[Adapter]],
) -> AccountSource:
    where = f"{path}: accounts.{name}"
    unknown = sorted(set(table) - set(Entry.__struct_fields__))
    if unknown:
        raise ConfigError(
            f"{where}.{unknown[0]}{_line(text, name, unknown[0])}: unknown key; expected are "
            f"{', '.join(Entry.__struct_fields__)} (a secret itself never stands in this file)"
        )
    try:
        entry = msgspec.convert(table, Entry)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        key = place.rstrip("`").lstrip(".")
        at = f".{key}{_line(text, name, key)}" if key else _line(text, name)
        raise ConfigError(f"{where}{at}: {said}") from None
    if entry.marketplace not in adapters:
        known = " or ".join(repr(known) for known in sorted(adapters))
        line = _line(text, name, "marketplace")
        raise ConfigError(f"{where}.marketplace{line}: expected {known}, got {entry.marketplace!r}")
    if (entry.secret_env is None) == (entry.secret_file is None):
        raise ConfigError(
            f"{where}{_line(text, name)}: expected is one of secret_env (the name of a variable of "
            "the environment) and secret_file (a path)"
        )
    _check_address(f"{where}.base_url{_line(text, name, 'base_url')}", entry.base_url)
    return AccountSource(
        name,
        adapters[entry.marketplace],
        environ=environ,
        variable=entry.secret_env,
        file=None if entry.secret_file is None else path.parent / entry.secret_file,
        base_url=entry.base_url,
    )
