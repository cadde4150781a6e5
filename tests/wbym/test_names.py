"""The names of ``from wbym import ...``."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import wbym
from wbym import domain, errors, limits

NO_RECORDS = {
    "attach_raw",
    "creation_time",
    "error_for_status",
    "money",
    "possible_time",
    "shift_time",
}
"""For adapters, not for programs."""


def test_public_names_are_unique_and_exist() -> None:
    assert len(set(wbym.__all__)) == len(wbym.__all__)
    assert set(wbym.__all__) <= set(dir(wbym))
    for name in wbym.__all__:
        assert getattr(wbym, name) is not None


def test_records_and_errors_are_exported() -> None:
    for home in (domain, errors):
        for name in set(home.__all__) - NO_RECORDS:
            assert name in wbym.__all__
            assert getattr(wbym, name) is getattr(home, name)


def test_name_when_unknown() -> None:
    # mypy would fail here without the comments, and with them if it saw no error.
    with pytest.raises(ImportError, match="Feedbak"):
        from wbym import Feedbak  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(AttributeError, match="Inboxes"):
        wbym.Inboxes  # type: ignore[attr-defined]  # noqa: B018


def test_names_of_a_package_with_a_lazy_name() -> None:
    assert set(limits.__all__) <= set(dir(limits))
    for name in limits.__all__:
        assert getattr(limits, name) is not None
    with pytest.raises(AttributeError, match=r"'wbym\.limits' has no attribute 'RedisBans'"):
        limits.RedisBans  # type: ignore[attr-defined]  # noqa: B018


def test_version_of_the_package() -> None:
    assert wbym.__version__ == version("wbym")


def test_modules_when_records_and_errors_are_imported() -> None:
    code = (
        "import sys; from wbym import Chat, Feedback, InvalidInput, __version__;"
        "heavy = {'aiohttp', 'anyio', 'asyncio', 'importlib.metadata'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
