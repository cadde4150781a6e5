"""A seller's service on this machine: two web workers, a reader and its standby.

Usage: python -m examples.service.cluster [POSTGRES [REDIS]]

The programs are those of ``examples/assistant`` (reader, standby) and ``examples/fastapi_service``
(workers), as they are; the marketplaces are simulated. This program is what stands around them: the
webhook, behind which a person replies through the workers, and the buyers. It kills the reader.
"""

import asyncio
import itertools
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import asyncpg
from aiohttp import web
from rich.console import Console
from rich.table import Table

from examples.assistant.assistant import THANKS
from wbym import Ref, WbymError
from wbym.limits import open_quotas
from wbym.testing import SimulatorProcess
from wbym_wildberries.simulator import make_token
from wbym_yandex_market.simulator import make_api_key

POSTGRES = "postgresql://localhost/test"
REDIS = "redis://localhost/0"
STARTS_WITHIN = 60.0
ANSWERED_WITHIN = 90.0
"""Seconds, on a busy machine."""
BUSINESS = 1001
QUESTIONS = ("Когда отправите?", "Какой размер брать?", "Есть в чёрном цвете?")
MEANWHILE = ("Где мой заказ?", "Можно вернуть?")
ROOT = Path(__file__).parents[2]


class Missing(Exception):
    """A server that the service needs is not there."""


@dataclass
class Shop:
    """A simulated shop, and what its buyers wrote."""

    name: str
    simulator: SimulatorProcess
    secret: str
    messages: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Chat and text."""
    feedbacks: list[str] = field(default_factory=list[str])

    async def write(self, texts: Sequence[str]) -> None:
        """Buyers write, one message each, and one gives five stars."""
        for text in texts:
            self.messages.append((await self.simulator.buyers.write(text), text))
        self.feedbacks.append(await self.simulator.buyers.give_feedback("Отлично!"))

    async def counts(self) -> Counter[str]:
        """Replies per message and feedback: how many came once, more than once, never."""
        sent = Counter((one.chat, one.text) for one in await self.simulator.sent())
        written = Counter(one.id for one in await self.simulator.written() if one.text == THANKS)
        replies = [sent[chat, reply_to(text)] for chat, text in self.messages]
        replies += [written[feedback] for feedback in self.feedbacks]
        return Counter("never" if n == 0 else "once" if n == 1 else "twice" for n in replies)


@dataclass
class Service:
    """The running service, and what it did."""

    console: Console
    workers: list[str] = field(default_factory=list[str])
    """Their addresses."""
    passed_on: dict[str, float] = field(default_factory=dict[str, float])
    """When each reader first passed an item on; monotonic."""
    seen: set[str] = field(default_factory=set[str])
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str, style: str = "") -> None:
        """Print a line of the story."""
        self.console.print(f"{time.monotonic() - self.began:5.1f} s  {text}", style=style)


def reply_to(text: str) -> str:
    """What the person answers."""
    return f"Отвечаем на «{text}»: уточним и напишем сегодня."


async def main(postgres: str = POSTGRES, redis_url: str = REDIS) -> int:
    """Run the story; the exit code is 1 if a reply is missing or was sent twice."""
    console = Console(highlight=False)
    console.print(
        "Two web workers, a reader and its standby serve two simulated shops. They share state in "
        "PostgreSQL and limits in Redis. No shop is touched, and no token is needed.\n"
    )
    try:
        limits = await find_servers(console, postgres, redis_url)
    except Missing as missing:
        console.print(f"error: {missing}", style="red", soft_wrap=True)
        return 1
    schema = f"wbym_demo_{secrets.token_hex(4)}"
    state = f"{postgres}?schema={schema}"
    try:
        return await play(console, state, limits or state)
    finally:
        connection = await asyncpg.connect(postgres)
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        await connection.close()


async def find_servers(console: Console, postgres: str, redis_url: str) -> str | None:
    """Look for the servers.

    Returns:
        The address of Redis, or None if limits have to be in PostgreSQL too.

    Raises:
        Missing: PostgreSQL is not there.
    """
    try:
        await (await asyncpg.connect(postgres, timeout=5)).close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Missing(
            f"no PostgreSQL at {postgres}: {error}. Start a server, or name another one: "
            "make demo-cluster POSTGRES=postgresql://user@host/database"
        ) from error
    try:
        async with aclosing(open_quotas(redis_url)) as quotas:
            await quotas.cancel("no grant")
    except WbymError as error:
        console.print(
            f"No Redis, so limits are in PostgreSQL as well: {error}. To name another one: "
            "make demo-cluster REDIS=redis://host/0\n",
            style="yellow",
            soft_wrap=True,
        )
        return None
    return redis_url


async def play(console: Console, state: str, limits: str) -> int:
    """Run the service, let buyers write, kill the reader, and count."""
    service = Service(console)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        shops = await open_shops(stack)
        configure(folder, shops, state, limits)
        webhook = await stack.enter_async_context(person(service))
        service.say("two simulated shops are open, with the marketplaces' real limits")

        service.say("starting two web workers")
        environment = {
            **os.environ,
            "WBYM_CONFIG": str(folder / "wbym.toml"),
            "CONFIRMATION_TIMEOUT": "5",  # the simulators show a message at once
        }
        for port in (free_port(), free_port()):
            app = ("uvicorn", "examples.fastapi_service.service:app", "--port", str(port))
            stack.enter_context(program(*app, environment=environment))
            service.workers.append(f"http://127.0.0.1:{port}")
        async with aiohttp.ClientSession() as session:
            await until(lambda: all_answer(session, service.workers), STARTS_WITHIN)
        service.say("two web workers run")

        def reads(name: str) -> tuple[str, str, str]:
            return "examples.assistant.assistant", str(folder / "wbym.toml"), f"{webhook}/{name}"

        with program(*reads("reader"), environment=environment) as reader:
            await until(lambda: are_read(shops), STARTS_WITHIN)
            service.say("the reader follows both shops")
            stack.enter_context(program(*reads("standby"), environment=environment))
            service.say("a standby waits for its place")
            await asyncio.sleep(1.5)  # messages have whole seconds, and it reads from its start on
            for shop in shops:
                await shop.write(QUESTIONS)
            service.say("buyers write; the reader thanks for five stars, and passes the rest on")
            await until(lambda: some_are_answered(shops, 4), ANSWERED_WITHIN)
            reader.kill()
        killed = time.monotonic()
        service.say("the reader is KILLED; its lease ends within 4 s", "bold red")
        for shop in shops:
            await shop.write(MEANWHILE)
        service.say("nobody reads, and buyers write on; the workers still reply")
        await until(lambda: has_passed_on(service, "standby"), ANSWERED_WITHIN)
        took = service.passed_on["standby"] - killed
        service.say(f"the standby has taken over, {took:.1f} s after the kill", "bold")
        everything = sum(len(shop.messages) + len(shop.feedbacks) for shop in shops)
        await until(lambda: some_are_answered(shops, everything), ANSWERED_WITHIN)
        service.say("every buyer has a reply")
        service.say("three more seconds, for a second reply, if there were one")
        await asyncio.sleep(3)
        return await show(console, shops, took)


async def open_shops(stack: AsyncExitStack) -> list[Shop]:
    """Start both simulators, with older records that nobody must answer."""
    seller = secrets.token_hex(16)  # counts of an earlier run are another seller's
    sizes = ("--feedbacks", "5", "--questions", "0", "--chats", "5")
    wildberries = await stack.enter_async_context(
        SimulatorProcess("wbym_wildberries.simulator", *sizes, "--claims", "0", "--sellers", seller)
    )
    market = await stack.enter_async_context(
        SimulatorProcess("wbym_yandex_market.simulator", *sizes, "--returns", "0")
    )
    return [
        Shop("wildberries", wildberries, make_token(sid=seller)),
        Shop("yandex_market", market, make_api_key(business_id=BUSINESS)),
    ]


def configure(folder: Path, shops: Sequence[Shop], state: str, limits: str) -> None:
    """Write ``wbym.toml`` and the secrets."""
    text = f'[shared]\nstate = "{state}"\nlimits = "{limits}"\n'
    for shop in shops:
        (folder / f"{shop.name}.token").write_text(shop.secret, "utf-8")
        text += (
            f'\n[accounts.{shop.name}]\nmarketplace = "{shop.name}"\n'
            f'secret_file = "{shop.name}.token"\nbase_url = "{shop.simulator.url}"\n'
        )
    (folder / "wbym.toml").write_text(text, "utf-8")


@contextmanager
def program(
    module: str, *arguments: str, environment: dict[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    """A program of the service, which is stopped at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def person(service: Service) -> AsyncGenerator[str, None]:
    """A webhook, behind which a person replies to what the readers pass on; yields its address."""
    items: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        item: dict[str, str] = await request.json()
        key = request.headers["Idempotency-Key"]
        service.passed_on.setdefault(request.match_info["reader"], time.monotonic())
        if key not in service.seen:
            service.seen.add(key)
            items.put_nowait((key, item["ref"], item["text"]))
        return web.Response()

    async def reply(session: aiohttp.ClientSession) -> None:
        workers = itertools.count()
        while True:
            key, ref, text = await items.get()
            body = {"ref": ref, "text": reply_to(text)}
            number = next(workers) % len(service.workers)
            address = f"{service.workers[number]}/reply"
            headers = {"Idempotency-Key": key}
            async with session.post(address, json=body, headers=headers) as response:
                said: dict[str, str] = await response.json()
            if "state" in said:
                account = Ref.parse(ref).account
                service.say(f"{account}: {text} -> worker {number + 1}: {said['state']}", "green")
            else:
                service.say(f"worker {number + 1}: {said}; again in a second", "yellow")
                await asyncio.sleep(1)
                items.put_nowait((key, ref, text))

    app = web.Application()
    app.router.add_post("/{reader}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession() as session:
            replying = asyncio.create_task(reply(session))
            try:
                yield f"http://{host}:{port}"
            finally:
                replying.cancel()
                await asyncio.wait([replying])
    finally:
        await runner.cleanup()


async def until(done: Callable[[], Awaitable[bool]], within: float) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within):
        while not await done():  # noqa: ASYNC110 - other processes tell nobody
            await asyncio.sleep(0.05)


async def all_answer(session: aiohttp.ClientSession, workers: Sequence[str]) -> bool:
    """Whether all workers serve."""
    try:
        for worker in workers:
            async with session.get(f"{worker}/openapi.json") as response:
                response.raise_for_status()
    except aiohttp.ClientError:
        return False
    return True


async def are_read(shops: Sequence[Shop]) -> bool:
    """Whether somebody reads all shops."""
    return all([bool((await shop.simulator.stats())["requests"]) for shop in shops])


async def some_are_answered(shops: Sequence[Shop], number: int) -> bool:
    """Whether so many have a reply."""
    counts = [await shop.counts() for shop in shops]
    return sum(one["once"] + one["twice"] for one in counts) >= number


async def has_passed_on(service: Service, reader: str) -> bool:
    """Whether a reader has passed an item on."""
    return reader in service.passed_on


async def show(console: Console, shops: Sequence[Shop], took: float) -> int:
    """Print the table."""
    table = Table(title="Replies and calls, as the simulators counted them", title_justify="left")
    table.add_column("", no_wrap=True)
    for head in ("written", "once", "twice", "never", "calls", "limited"):
        table.add_column(head, justify="right")
    wrong = 0
    for shop in shops:
        counts, stats = await shop.counts(), await shop.simulator.stats()
        wrong += counts["twice"] + counts["never"]
        table.add_row(
            shop.name,
            str(counts.total()),
            *(str(counts[what]) for what in ("once", "twice", "never")),
            str(stats["requests"]),
            str(stats["rate_limited"]),
        )
    console.print()
    console.print(table)
    console.print(f"The standby took over {took:.1f} s after the kill.")
    return 1 if wrong else 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
