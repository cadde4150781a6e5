"""Configuration of accounts and the places of their secrets.

A TOML file names the accounts; secrets are in the environment or in separate files::

    [accounts.shop-wb]
    marketplace = "wildberries"
    secret_env = "SHOP_WB_TOKEN"       # or: secret_file = "shop.token"; several tokens as a list

    [accounts.shop-ym]
    marketplace = "yandex_market"
    secret_file = "shop.key"           # an OAuth token: oauth_env, oauth_file
    business_id = 1001                 # an option of the marketplace's accounts
    proxy = "http://10.0.0.1:3128"     # an option of all accounts

    [shared]                           # what several processes share
    state = "postgresql://wbym@db/wbym"
    limits = "redis://cache/0"

Without a file, ``WBYM_<MARKETPLACE>_TOKEN`` (``WBYM_<MARKETPLACE>_OAUTH``) defines one account,
named after its marketplace, with the options ``WBYM_<MARKETPLACE>_<OPTION>``, such as
``WBYM_YANDEX_MARKET_BUSINESS_ID``.
"""

import os
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar, get_args, get_origin, get_type_hints

import anyio
import msgspec

from wbym._postgres import Address, is_address
from wbym.account import Account, AccountOptions, installed_adapters, load_adapter
from wbym.calls import SecretText, reveal
from wbym.errors import ConfigError, InvalidInput, StateError
from wbym.limits import is_store_address

__all__ = [
    "DEFAULT_CONFIG",
    "AccountSource",
    "SecretPlace",
    "choose",
    "find_accounts",
    "find_state",
]

DEFAULT_CONFIG = Path("wbym.toml")

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTES: Final = ("'", '"')
_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SPACE: Final = " \t\r\n"
"""Separators of several secrets in one place."""


class SecretPlace(msgspec.Struct, frozen=True):
    """The place of a secret."""

    variable: str | None = None
    """An environment variable."""
    file: Path | None = None
    """A file, instead of a variable."""

    def __str__(self) -> str:
        return str(self.file) if self.variable is None else f"the variable {self.variable}"

    async def read(self, environ: Mapping[str, str]) -> SecretText:
        """Read the secret; empty if the variable does not exist.

        Raises:
            ConfigError: The file cannot be read.
        """
        if self.file is None:
            return SecretText(environ.get(self.variable or "", ""))
        try:
            return SecretText(await anyio.Path(self.file).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            reason = "it is not UTF-8 text"
        except OSError as error:
            reason = error.strerror or str(error)
        # Not chained to the error, which would contain the text.
        raise ConfigError(f"the secret cannot be read from {self}: {reason}")


V = TypeVar("V")


class _Hidden(Mapping[str, V]):
    """A mapping that may have secrets, and that ``repr`` does not show."""

    def __init__(self, values: Mapping[str, V]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> V:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class AccountSource:
    """An account that can be opened. It has the places of its secrets, not the secrets.

    Args:
        name: The account's name.
        adapter: The marketplace's account class.
        secrets: The places of its secrets, by the names in ``adapter.SECRETS``.
        options: An instance of ``adapter.Options``; defaults if None.
        environ: The environment; the process's by default.
    """

    def __init__(
        self,
        name: str,
        adapter: type[Account],
        secrets: Mapping[str, Sequence[SecretPlace]],
        options: AccountOptions | None = None,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name: Final = name
        self.adapter: Final = adapter
        self.secrets: Final = secrets
        self.options: Final = options or adapter.Options()
        self._environ = _Hidden(os.environ if environ is None else environ)

    async def open(self, *, max_wait: float | msgspec.UnsetType | None = msgspec.UNSET) -> Account:
        """Create the account, for ``async with``.

        Args:
            max_wait: Max seconds that a call waits for its limits, instead of the configured value;
                None for no limit.

        Raises:
            ConfigError: A secret is missing from its place, or cannot be a secret.
            InvalidToken: A secret is not a token of this marketplace.
        """
        options = self.options
        if max_wait is not msgspec.UNSET:
            options = msgspec.structs.replace(options, max_wait=max_wait)
        found: dict[str, list[SecretText]] = {}
        for name, places in self.secrets.items():
            found[name] = []
            for place in places:
                found[name] += await self._read(
                    place, several=name in self.adapter.MULTIPLE_SECRETS
                )
        return self.adapter.from_secrets(found, name=self.name, options=options)

    async def _read(self, place: SecretPlace, *, several: bool) -> list[SecretText]:
        try:
            found = _split(await place.read(self._environ), several=several)
            if not all(found):
                raise ConfigError(f"{place} contains no secret")
            for secret in found:
                if (fault := _fault(secret)) is not None:
                    raise ConfigError(f"the secret in {place} {fault}")
        except ConfigError as error:
            raise ConfigError(f"{self.name}: {error}") from None
        return found


def find_accounts(
    config: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    shared_limits: bool = True,
) -> list[AccountSource]:
    """Find the accounts of the file or, without a file, those of the environment.

    Only the adapters of these accounts are loaded.

    Args:
        config: The file; by default ``wbym.toml`` if it exists.
        environ: The environment; the process's by default.
        shared_limits: Whether accounts have the file's ``[shared] limits``.

    Raises:
        ConfigError: The file or a variable is invalid, or no account is configured.
    """
    environ = _Hidden(os.environ if environ is None else environ)
    if config is None and DEFAULT_CONFIG.is_file():
        config = DEFAULT_CONFIG
    if config is None:
        return _from_environment(environ)
    return _from_file(config, environ, shared_limits=shared_limits)


def find_state(config: Path | None = None) -> str | Path | None:
    """The place of the state in the file, ``[shared] state``; None without one.

    Args:
        config: The file; by default ``wbym.toml`` if it exists.

    Raises:
        ConfigError: The file is invalid.
    """
    if config is None and DEFAULT_CONFIG.is_file():
        config = DEFAULT_CONFIG
    place = None if config is None else _read(config)[1].shared.state
    if config is None or place is None:
        return None
    if not is_address(place):
        return config.parent / place
    address = SecretText(place)
    del place  # it may have a password
    try:
        Address(address)
    except StateError as error:
        raise ConfigError(f"{config}: shared.state: {error}") from None
    return address


def choose(sources: Sequence[AccountSource], name: str | None) -> list[AccountSource]:
    """Return the account with this name, or all accounts if the name is None.

    Raises:
        ConfigError: No account has this name.
    """
    if name is None:
        return list(sources)
    found = [source for source in sources if source.name == name]
    if not found:
        known = ", ".join(source.name for source in sources)
        raise ConfigError(f"no account is named {name!r}; known accounts: {known}")
    return found


# Secrets.


def _strip_wrapping(text: str) -> str:
    """Strip what editors and shells add around a secret: BOM, white space, one pair of quotes.

    A text with quotes inside keeps them: it is several secrets in quotes, or broken.
    """
    text = text.strip().strip(_BOM).strip()
    if len(text) > 1 and text[0] in _QUOTES and text.find(text[0], 1) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _split(place: SecretText, *, several: bool) -> list[SecretText]:
    """The secrets in a text, one of which may be empty."""
    text = _strip_wrapping(reveal(place))
    parts = re.split(f"[{_SPACE}]+", text) if several else [text]
    return [SecretText(_strip_wrapping(part)) for part in parts]


def _fault(hidden: SecretText) -> str | None:
    """What is wrong with a secret: characters that none has and that a person cannot see.

    It does not raise: its frame has the text.
    """
    secret = reveal(hidden)
    # The adapter explains spaces inside.
    foreign = next((char for char in secret if not (char.isascii() and char.isprintable())), None)
    if foreign is not None:
        shown = f"U+{ord(foreign):04X} {unicodedata.name(foreign, '')}".rstrip()
        return f"has an invalid character, {shown}; copy the secret again"
    if secret[0] in _QUOTES or secret[-1] in _QUOTES:
        return "has a quotation mark at one end; remove it"
    return None


# The environment.


def _from_environment(environ: Mapping[str, str]) -> list[AccountSource]:
    prefixes = {name: f"WBYM_{name.upper().replace('-', '_')}_" for name in installed_adapters()}
    found = []
    for marketplace, prefix in prefixes.items():
        longer = tuple(one for one in prefixes.values() if one != prefix and one.startswith(prefix))
        variables = [
            name
            for name in environ
            if name.startswith(prefix) and not (longer and name.startswith(longer))
        ]
        if variables:
            found += _from_variables(marketplace, prefix, variables, environ)
    if not found:
        variables = [f"{prefix}TOKEN" for prefix in prefixes.values()]
        raise ConfigError(
            f"no account is configured: set {' or '.join(variables)}, or add accounts to "
            f"{DEFAULT_CONFIG} (see wbym --help)"
        )
    return found


def _from_variables(
    marketplace: str, prefix: str, variables: Sequence[str], environ: Mapping[str, str]
) -> list[AccountSource]:
    """The account of a marketplace by its environment variables; empty without a secret."""
    adapter = load_adapter(marketplace)
    names = {
        secret: f"{prefix}{'TOKEN' if secret == 'secret' else secret.upper()}"
        for secret in adapter.SECRETS
    }
    secrets = {secret: [SecretPlace(name)] for secret, name in names.items() if environ.get(name)}
    if not secrets:
        return []
    hints = get_type_hints(adapter.Options)
    keys = {f"{prefix}{key.upper()}": key for key in adapter.Options.__struct_fields__}
    values: dict[str, object] = {}
    for variable in variables:
        if variable in names.values():
            continue
        if variable not in keys:
            known = ", ".join([*names.values(), *keys])
            raise ConfigError(f"the variable {variable}: unknown; expected one of {known}")
        key = keys[variable]
        is_list = _is_list(hints[key])
        values[key] = environ[variable].split(",") if is_list else environ[variable]
        if key in {"proxy", "limits"}:
            values[key] = SecretText(environ[variable])

    def place(key: str) -> str:
        return f"the variable {prefix}{key.upper()}"

    options = _options(adapter, _Hidden(values), place, f"the variables {prefix}*", strict=False)
    return [AccountSource(marketplace, adapter, secrets, options, environ=environ)]


def _is_list(hint: object) -> bool:
    return tuple in {get_origin(one) for one in (hint, *get_args(hint))}


# The file.


class _Shared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: str | None = None
    limits: str | None = None

    def __repr__(self) -> str:
        return "<shared>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: dict[str, dict[str, object]]
    shared: _Shared = _Shared()

    def __repr__(self) -> str:
        return "<file>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []


def _read(path: Path) -> tuple[SecretText, _File]:
    """The text of a file, and its tables."""
    try:
        text = SecretText(path.read_text(encoding="utf-8-sig"))
        return text, msgspec.convert(tomllib.loads(reveal(text)), _File)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Not chained to the error: it contains the file, which may contain a secret by mistake.
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8 text"
        raise ConfigError(f"{path}: not valid TOML: {reason}") from None
    except msgspec.ValidationError as error:
        rule = "expected tables [accounts.NAME] and [shared] only"
        raise ConfigError(f"{path}: {error}; {rule}") from None


def _from_file(
    path: Path, environ: Mapping[str, str], *, shared_limits: bool
) -> list[AccountSource]:
    text, file = _read(path)
    if not file.accounts:
        raise ConfigError(f"{path}: accounts: expected at least one table [accounts.NAME]")
    if file.shared.limits is not None and not is_store_address(file.shared.limits):
        rule = "expected an address such as redis://host or postgresql://host"
        raise ConfigError(f"{path}: shared.limits: {rule}")
    has_limits = shared_limits and file.shared.limits is not None
    shared = _Hidden({"limits": file.shared.limits} if has_limits else {})
    tables = _Hidden({name: _Hidden({**shared, **file.accounts[name]}) for name in file.accounts})
    return [_Table(path, text, name, tables[name]).source(environ) for name in tables]


class _Table:
    """One table ``[accounts.NAME]``; its errors name the key and its line."""

    def __init__(
        self, path: Path, text: SecretText, name: str, table: Mapping[str, object]
    ) -> None:
        self._folder = path.parent
        self._where = f"{path}: accounts.{name}"
        self._text = text
        self._name = name
        self._table = table

    def source(self, environ: Mapping[str, str]) -> AccountSource:
        """The account of the table."""
        adapter = self._adapter()
        keys = {f"{name}_{kind}" for name in adapter.SECRETS for kind in ("env", "file")}
        fields = adapter.Options.__struct_fields__
        for key in self._table:
            if key not in {"marketplace", *keys, *fields}:
                known = ", ".join(["marketplace", *sorted(keys), *fields])
                rule = f"unknown key; expected one of {known} (never put a secret itself here)"
                raise self._error(key, rule)
        secrets = {name: self._places(name, adapter) for name in adapter.SECRETS}
        if not any(secrets.values()):
            ways = [f"{key}_env or {key}_file" for key in adapter.SECRETS]
            rule = f"expected {' or '.join(ways)} (the name of a variable, the path of a file)"
            raise self._error("", rule)
        options = _Hidden({key: value for key, value in self._table.items() if key in fields})
        parsed = _options(adapter, options, self._place, self._place(""), strict=True)
        return AccountSource(self._name, adapter, secrets, parsed, environ=environ)

    def _adapter(self) -> type[Account]:
        known = " or ".join(map(repr, installed_adapters()))
        if not self._name.strip():
            raise self._error("", "the name must have a visible character")
        if "marketplace" not in self._table:
            raise self._error("", f"marketplace is missing; expected {known}")
        name = self._table["marketplace"]
        if not isinstance(name, str) or name not in installed_adapters():
            raise self._error("marketplace", f"expected {known}, got {name!r}")
        try:
            return load_adapter(name)
        except ConfigError as error:
            raise self._error("marketplace", str(error)) from error

    def _places(self, name: str, adapter: type[Account]) -> list[SecretPlace]:
        env, file = f"{name}_env", f"{name}_file"
        if env in self._table and file in self._table:
            raise self._error(file, f"{env} is set too; expected only one of them")
        for key in (env, file):
            if key in self._table:
                found = [self._secret_place(key, text) for text in self._texts(key)]
                if len(found) > 1 and name not in adapter.MULTIPLE_SECRETS:
                    raise self._error(key, f"{adapter.marketplace} takes one, got {len(found)}")
                return found
        return []

    def _texts(self, key: str) -> Sequence[SecretText]:
        try:
            given = msgspec.convert(self._table[key], str | list[str])
        except msgspec.ValidationError as error:
            rule = f"expected a string or a list of strings: {_reason_and_key(error)[0]}"
            raise self._error(key, rule) from None
        texts = [given] if isinstance(given, str) else given
        if not all(texts) or not texts:
            raise self._error(key, "must not be empty")
        return [SecretText(text) for text in texts]

    def _secret_place(self, key: str, text: SecretText) -> SecretPlace:
        if key.endswith("_file"):
            return SecretPlace(file=self._folder / reveal(text))
        if not _VARIABLE.fullmatch(reveal(text)):
            # Not shown: it may be the secret itself.
            raise self._error(key, "must be the name of an environment variable")
        return SecretPlace(reveal(text))

    def _error(self, key: str, rule: str) -> ConfigError:
        return ConfigError(f"{self._place(key)}: {rule}")

    def _place(self, key: str) -> str:
        return f"{self._where}{'.' if key else ''}{key}{_line(self._text, self._name, key)}"


def _options(
    adapter: type[Account],
    values: Mapping[str, object],
    place: Callable[[str], str],
    whole: str,
    *,
    strict: bool,
) -> AccountOptions:
    """Parse the options of an account.

    Args:
        adapter: The account's class.
        values: Values by key.
        place: Returns the place of a key, as text.
        whole: The place of all keys, as text.
        strict: Whether values are already typed; otherwise they are strings.

    Raises:
        ConfigError: A value has a wrong type or is out of bounds.
    """
    try:
        return msgspec.convert(dict(values), adapter.Options, strict=strict)
    except msgspec.ValidationError as error:
        broken = error.__cause__
        if isinstance(broken, InvalidInput):
            key = broken.argument.partition("[")[0]
            rule = f"{broken.argument.removeprefix(key)} {broken.rule}".strip()
            reason = f"{rule}; got {broken.value!r}"
        else:
            reason, key = _reason_and_key(error)
    raise ConfigError(f"{place(key) if key in values else whole}: {reason}")


def _reason_and_key(error: msgspec.ValidationError) -> tuple[str, str]:
    """The reason of an error of msgspec, and the key that it is about."""
    reason, _, path = str(error).partition(" - at `$")
    key = re.match(r"\.(\w+)", path)
    return reason, key[1] if key else ""


def _line(text: SecretText, name: str, key: str = "") -> str:
    """The line of a key of an account, such as `` (line 3)``; empty if it is not found."""
    begin = None
    for number, line in enumerate(reveal(text).splitlines(), 1):
        if head := re.match(r"\s*\[\s*accounts\s*\.\s*[\"']?(.+?)[\"']?\s*\]", line):
            begin = number if head[1] == name else None
            if begin and not key:
                return f" (line {number})"
        elif begin and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f" (line {number})"
    return ""
