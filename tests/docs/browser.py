"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import anyio
import msgspec

__all__ = ["CHROMIUM", "Browser", "Found"]

CHROMIUM: Final = shutil.which("chromium")
_STARTING: Final = 30.0
_LOADING: Final = 60.0
"""Max seconds, on a busy machine."""

_LOOK: Final = """
(async () => {
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
  return {
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    missing: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
  };
})()
"""


class Found(msgspec.Struct, frozen=True):
    """What a page looks like."""

    sideways: int
    """Pixels by which the page is wider than the window."""
    missing: Sequence[str]
    """The addresses of images that cannot be shown."""


class _Evaluated(msgspec.Struct, frozen=True):
    value: Found


class _Result(msgspec.Struct, frozen=True):
    result: _Evaluated


class _Target(msgspec.Struct, frozen=True):
    type: str
    webSocketDebuggerUrl: str  # noqa: N815 - its name in the protocol


class _Answer(msgspec.Struct, frozen=True):
    id: int | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")


class _Entry(msgspec.Struct, frozen=True):
    level: str
    text: str


class _Logged(msgspec.Struct, frozen=True):
    entry: _Entry


class Browser:
    """One tab.

    Args:
        socket: The connection to it.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0
        self.errors: list[str] = []
        """Errors of the console since the tab was opened."""

    @classmethod
    @asynccontextmanager
    async def opened(cls, folder: Path) -> AsyncIterator["Browser"]:
        """Start Chromium with a profile in the folder, and stop it at the end."""
        process = await asyncio.create_subprocess_exec(
            *(str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"),
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = folder / "DevToolsActivePort"
            with anyio.fail_after(_STARTING):
                while not port.exists() or not port.read_text().strip():  # noqa: ASYNC110
                    await anyio.sleep(0.1)
            base = f"http://127.0.0.1:{port.read_text().split()[0]}"
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{base}/json") as response:
                    targets = msgspec.json.decode(await response.read(), type=list[_Target])
                (tab,) = [one for one in targets if one.type == "page"]
                async with session.ws_connect(tab.webSocketDebuggerUrl, max_msg_size=0) as socket:
                    browser = cls(socket)
                    for domain in ("Page", "Runtime", "Log"):
                        await browser._call(f"{domain}.enable")
                    yield browser
        finally:
            process.kill()
            await process.wait()

    async def show(self, width: int, scheme: str) -> None:
        """Set the width of the window in pixels, and ``light`` or ``dark``."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        await self._call("Emulation.setDeviceMetricsOverride", **size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self._call("Emulation.setEmulatedMedia", features=features)

    async def look(self, url: str) -> Found:
        """Open a page, and look at it."""
        with anyio.fail_after(_LOADING):
            await self._call("Page.navigate", url=url)
            await self._until("Page.loadEventFired")
            answer = await self._call(
                "Runtime.evaluate", expression=_LOOK, awaitPromise=True, returnByValue=True
            )
        return msgspec.json.decode(answer, type=_Result).result.value

    async def _call(self, method: str, **params: object) -> msgspec.Raw:
        self._last += 1
        request = {"id": self._last, "method": method, "params": params}
        await self._socket.send_str(msgspec.json.encode(request).decode())
        while (answer := await self._next()).id != self._last:
            pass
        return answer.result

    async def _until(self, event: str) -> None:
        while (await self._next()).method != event:
            pass

    async def _next(self) -> _Answer:
        answer = msgspec.json.decode(await self._socket.receive_str(), type=_Answer)
        if answer.method == "Runtime.exceptionThrown":
            self.errors.append(bytes(answer.params).decode())
        elif answer.method == "Log.entryAdded":
            entry = msgspec.json.decode(answer.params, type=_Logged).entry
            if entry.level == "error":
                self.errors.append(entry.text)
        return answer
