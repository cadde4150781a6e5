"""Signals that ask a process to end."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stop_signals"]


@contextmanager
def stop_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Call ``stop`` in the event loop on SIGINT and SIGTERM, instead of what else they would do.

    Outside of the main thread, which alone gets signals, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    # Not loop.add_signal_handler, which Windows does not have.
    before = [
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop)) for number in numbers
    ]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
