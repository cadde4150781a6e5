"""The pytest plugin: a simulator of each installed marketplace as a fixture.

An entry point of the group ``wbym.simulators`` with the name N makes a fixture ``N_simulator``, and
a mark of the same name whose keyword arguments are the options of the simulator.

pytest loads this module at each start, also for tests that use nothing of it. So it imports neither
simulators nor aiohttp; a fixture does, when a test asks for it.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from importlib.metadata import EntryPoint, entry_points
from inspect import iscoroutinefunction
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

import pytest

if TYPE_CHECKING:
    from wbym.testing._server import SimulatorServer

__all__ = ["pytest_configure"]

_LoopScope: TypeAlias = Literal["function", "class", "module", "package", "session"]
_Serve: TypeAlias = "Callable[[pytest.FixtureRequest], AsyncIterator[SimulatorServer]]"

_LOOP_SCOPES: Final[tuple[_LoopScope, ...]] = ("function", "class", "module", "package", "session")


def pytest_configure(config: pytest.Config) -> None:
    """Adds the fixture and the mark of each installed simulator."""
    for point in entry_points(group="wbym.simulators"):
        name = f"{point.name}_simulator"
        config.addinivalue_line(
            "markers", f"{name}(**options): options of the simulator of the fixture {name}."
        )
        has_asyncio = config.pluginmanager.has_plugin("asyncio")
        config.pluginmanager.register(_fixtures(point, name, has_asyncio=has_asyncio), name)


class _Stopped(NamedTuple):
    """A simulator that is not running yet."""

    simulator: SimulatorServer
    limits: AbstractContextManager[None]
    """Those that accounts keep while it runs."""


def _fixtures(point: EntryPoint, name: str, *, has_asyncio: bool) -> ModuleType:
    """The fixture of a simulator, and a hidden one for each event loop that a test may run in.

    Which plugin runs a test, and in which loop, is known per test: the fixture chooses a hidden
    one, and that plugin starts the simulator in the test's loop.
    """
    key = pytest.StashKey[_Stopped]()

    def choose(request: pytest.FixtureRequest) -> object:
        chosen = f"_{name}_{_loop_of(request, name)}"
        request.node.stash[key] = _make(point, name, request)
        return request.getfixturevalue(chosen)

    choose.__doc__ = (
        f"A running simulator of {point.name} ({point.value}), a new one for each test.\n\n"
        f"Its options are those of ``@pytest.mark.{name}(feedbacks=500)``; by default it has no"
        " limits."
    )

    def serving() -> _Serve:
        async def serve(request: pytest.FixtureRequest) -> AsyncIterator[SimulatorServer]:
            stopped = request.node.stash[key]
            with stopped.limits:
                async with stopped.simulator as simulator:
                    yield simulator

        return serve

    module = ModuleType(f"{__name__}.{name}")
    setattr(module, name, pytest.fixture(name=name)(choose))
    hidden = f"_{name}_anyio"
    setattr(module, hidden, pytest.fixture(name=hidden)(serving()))
    if has_asyncio:
        import pytest_asyncio

        for scope in _LOOP_SCOPES:
            hidden = f"_{name}_{scope}"
            decorate = pytest_asyncio.fixture(loop_scope=scope, name=hidden)
            setattr(module, hidden, decorate(serving()))
    return module


def _make(point: EntryPoint, name: str, request: pytest.FixtureRequest) -> _Stopped:
    """Creates the simulator with the options of the test's marks; the closest mark comes first."""
    from wbym.testing._server import SimulatorServer
    from wbym.testing._speed import scaled_limits

    kind: object = point.load()
    if not (isinstance(kind, type) and issubclass(kind, SimulatorServer)):
        pytest.fail(f"the entry point of {name} names no simulator: {point.value}", pytrace=False)
    options: dict[str, Any] = {"limits": False}
    for mark in reversed(list(request.node.iter_markers(name))):
        options |= mark.kwargs
    create: Callable[..., SimulatorServer] = kind
    try:
        simulator = create(**options)
    except TypeError as error:
        pytest.fail(f"pytest.mark.{name} has wrong options: {error}", pytrace=False)
    scale = options.get("limit_scale", 1.0) if options["limits"] else math.inf
    return _Stopped(simulator, scaled_limits(point.name, scale))


def _loop_of(request: pytest.FixtureRequest, name: str) -> str:
    """The plugin or the scope of the loop in which the test runs; fails if it runs in none."""
    if "anyio_backend" in request.fixturenames:
        backend = request.getfixturevalue("anyio_backend_name")
        if backend != "asyncio":
            pytest.fail(f"{name} runs on asyncio, not on {backend}", pytrace=False)
        return "anyio"
    mark = request.node.get_closest_marker("asyncio")
    if mark is not None and request.config.pluginmanager.has_plugin("asyncio"):
        default = request.config.getini("asyncio_default_test_loop_scope")
        return str(mark.kwargs.get("loop_scope") or default or "function")
    pytest.fail(
        f"{name} serves in the event loop of an async test: {_cure(request)}", pytrace=False
    )


def _cure(request: pytest.FixtureRequest) -> str:
    test = request.node
    if isinstance(test, pytest.Function) and not iscoroutinefunction(test.function):
        return f"define it with `async def {test.originalname}`"
    if not request.config.pluginmanager.has_plugin("asyncio"):
        return (
            "install pytest-asyncio (pip install 'wbym[test]') and mark the test with"
            " pytest.mark.asyncio, or with pytest.mark.anyio if anyio runs your tests"
        )
    return 'mark the test with pytest.mark.asyncio, or set asyncio_mode = "auto"'
