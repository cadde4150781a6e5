"""The pictures of README and ``docs/``, each in English and in Russian.

``python -m docs._tools.pictures`` writes them to ``docs/pictures``; ``--check`` only compares.
"""

import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final, Literal

import msgspec

__all__ = ["FOLDER", "Arrow", "Box", "Note", "Picture", "svg"]

FOLDER: Final = Path(__file__).parents[1] / "pictures"

Text = tuple[str, str]
"""English and Russian; lines are separated by line breaks."""
Tone = Literal["plain", "ours", "theirs", "stored", "bad", "good"]

_FILLS: Final[dict[Tone, tuple[str, str]]] = {
    "plain": ("#ffffff", "#64748b"),
    "ours": ("#dbeafe", "#2563eb"),
    "theirs": ("#fef3c7", "#b45309"),
    "stored": ("#ede9fe", "#7c3aed"),
    "bad": ("#fee2e2", "#dc2626"),
    "good": ("#dcfce7", "#16a34a"),
}
_LINE: Final = 17
"""Pixels from one line of text to the next."""
_STYLE: Final = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
    "fill:#0f172a;text-anchor:middle}"
    ".head{font-weight:600}.note{fill:#475569;font-size:12px}"
    ".line{fill:none;stroke:#475569;stroke-width:1.5}"
)


class Box(msgspec.Struct, frozen=True):
    """A rounded rectangle; the first line of its text is its heading. In pixels."""

    x: int
    y: int
    width: int
    height: int
    text: Text
    tone: Tone = "plain"


class Arrow(msgspec.Struct, frozen=True):
    """A line through points, with a tip at its end, and at both if ``back``."""

    points: Sequence[tuple[int, int]]
    back: bool = False
    dashed: bool = False


class Note(msgspec.Struct, frozen=True):
    """Small text around a point."""

    x: int
    y: int
    text: Text


class Picture(msgspec.Struct, frozen=True):
    """A drawing; its title is read out instead of it."""

    name: str
    title: Text
    width: int
    height: int
    parts: Sequence[Box | Arrow | Note]


def svg(picture: Picture, language: int) -> str:
    """Draw a picture with the texts of a language: 0 for English, 1 for Russian."""
    width, height = picture.width, picture.height
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img">',
        f"<title>{escape(picture.title[language])}</title>",
        f"<style>{_STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#475569"/>'
        "</marker></defs>",
        f'<rect width="{width}" height="{height}" rx="10" fill="#f8fafc"/>',
    ]
    for part in picture.parts:
        lines += _drawn(part, language)
    return "\n".join([*lines, "</svg>", ""])


def _drawn(part: Box | Arrow | Note, language: int) -> Iterator[str]:
    match part:
        case Box():
            fill, stroke = _FILLS[part.tone]
            yield (
                f'<rect x="{part.x}" y="{part.y}" width="{part.width}" height="{part.height}"'
                f' rx="8" fill="{fill}" stroke="{stroke}"/>'
            )
            center = part.x + part.width // 2, part.y + part.height // 2
            yield from _written(*center, part.text[language], "head", "note")
        case Arrow():
            path = "L".join(f"{x} {y}" for x, y in part.points)
            start = ' marker-start="url(#tip)"' if part.back else ""
            dashes = ' stroke-dasharray="5 4"' if part.dashed else ""
            yield f'<path class="line" d="M{path}" marker-end="url(#tip)"{start}{dashes}/>'
        case Note():
            yield from _written(part.x, part.y, part.text[language], "note", "note")


def _written(x: int, y: int, text: str, first: str, rest: str) -> Iterator[str]:
    lines = text.split("\n")
    top = y - (len(lines) - 1) * _LINE / 2 + 5
    for number, line in enumerate(lines):
        style = rest if number else first
        yield f'<text class="{style}" x="{x}" y="{top + number * _LINE:g}">{escape(line)}</text>'


PICTURES: Final = (
    Picture(
        "overview",
        (
            "Your service uses one inbox, which reads and answers the accounts of both marketplaces"
            " within their limits and keeps its state in a file",
            "Сервис работает с одним инбоксом: тот читает аккаунты обоих маркетплейсов и отвечает в"
            " них, соблюдает лимиты и хранит состояние в файле",
        ),
        760,
        300,
        (
            Box(
                20,
                50,
                160,
                110,
                (
                    "Your service\nbot, web service,\nnightly export",
                    "Ваш сервис\nбот, веб-сервис,\nночная выгрузка",
                ),
            ),
            Box(
                250,
                30,
                210,
                150,
                (
                    "Inbox\none model, typed\nevents and replies\nlimits and priorities\nretries",
                    "Inbox\nодна модель, типы\nсобытия и ответы\nлимиты и приоритеты\nповторы",
                ),
                "ours",
            ),
            Box(
                250,
                230,
                210,
                50,
                ("wbym.db\nevents, replies, checkpoints", "wbym.db\nсобытия, ответы, позиции"),
                "stored",
            ),
            Box(
                530,
                30,
                210,
                60,
                (
                    "Wildberries\na bucket per method group",
                    "Wildberries\nлимит на группу методов",
                ),
                "theirs",
            ),
            Box(
                530,
                120,
                210,
                60,
                (
                    "Yandex Market\nhourly budget, 4 in parallel",
                    "Яндекс Маркет\nбюджет на час, 4 сразу",
                ),
                "theirs",
            ),
            Arrow(((180, 105), (250, 105)), back=True),
            Arrow(((460, 60), (530, 60)), back=True),
            Arrow(((460, 150), (530, 150)), back=True),
            Arrow(((355, 180), (355, 230)), back=True),
            Note(
                100,
                195,
                ("chats, questions,\nfeedbacks, returns", "чаты, вопросы,\nотзывы, возвраты"),
            ),
            Note(
                635,
                225,
                ("or their simulators:\nno token needed", "или их симуляторы:\nтокен не нужен"),
            ),
        ),
    ),
    Picture(
        "once",
        (
            "A reply is saved and sent; the process is killed before the marketplace has answered;"
            " after the restart wbym finds the reply in the chat and does not send it again",
            "Ответ записан и отправлен, процесс убит до ответа маркетплейса; после перезапуска wbym"
            " находит ответ в чате и не отправляет его второй раз",
        ),
        760,
        230,
        (
            Box(20, 40, 150, 60, ("Event\n“Where is my order?”", "Событие\n«Где мой заказ?»")),
            Box(
                195, 40, 130, 60, ("Reply saved\nin wbym.db", "Ответ записан\nв wbym.db"), "stored"
            ),
            Box(350, 40, 130, 60, ("Reply sent\nto the chat", "Ответ ушёл\nв чат"), "theirs"),
            Box(
                505,
                40,
                235,
                60,
                (
                    "The process is killed\nbefore the marketplace confirms",
                    "Процесс убит\nдо подтверждения маркетплейса",
                ),
                "bad",
            ),
            Box(
                505,
                140,
                235,
                60,
                ("Restart\nIs the reply in the chat?", "Перезапуск\nЕсть ли ответ в чате?"),
                "ours",
            ),
            Box(
                195,
                140,
                285,
                60,
                (
                    "Yes: confirmed, not sent again\nNo: sent, once",
                    "Есть: второй раз не уйдёт\nНет: уйдёт один раз",
                ),
                "good",
            ),
            Arrow(((170, 70), (195, 70))),
            Arrow(((325, 70), (350, 70))),
            Arrow(((480, 70), (505, 70))),
            Arrow(((622, 100), (622, 140))),
            Arrow(((505, 170), (480, 170))),
        ),
    ),
    Picture(
        "events",
        (
            "Each poll is stored in one transaction; events wait in the file until the service has"
            " handled them; replies go through the outbox",
            "Каждый опрос записывается одной транзакцией; события ждут в файле, пока сервис их не"
            " обработает; ответы уходят через исходящие",
        ),
        760,
        300,
        (
            Box(
                20,
                30,
                170,
                60,
                ("Marketplace\nlists and chats", "Маркетплейс\nсписки и чаты"),
                "theirs",
            ),
            Box(
                295,
                20,
                200,
                80,
                (
                    "One transaction\nnew events\nand the checkpoint",
                    "Одна транзакция\nновые события\nи позиция чтения",
                ),
                "stored",
            ),
            Box(
                590,
                30,
                150,
                60,
                ("Your handler\nasync for event", "Ваш обработчик\nasync for event"),
            ),
            Box(590, 200, 150, 60, ("Reply\nidempotency_key", "Ответ\nidempotency_key")),
            Box(
                295,
                190,
                200,
                80,
                (
                    "Outbox\nsaved before sending,\nlooked up after a crash",
                    "Исходящие\nзапись до отправки,\nсверка после сбоя",
                ),
                "stored",
            ),
            Box(
                20,
                200,
                170,
                60,
                ("Marketplace\nthe buyer sees the reply", "Маркетплейс\nпокупатель видит ответ"),
                "theirs",
            ),
            Arrow(((190, 60), (295, 60))),
            Arrow(((495, 50), (590, 50))),
            Arrow(((590, 75), (495, 75)), dashed=True),
            Arrow(((665, 90), (665, 200))),
            Arrow(((590, 230), (495, 230))),
            Arrow(((295, 230), (190, 230))),
            Note(242, 45, ("poll", "опрос")),
            Note(542, 35, ("event", "событие")),
            Note(542, 92, ("confirmed", "готово")),
        ),
    ),
    Picture(
        "limits",
        (
            "Calls queue by priority before the seller's bucket; the marketplace's headers and bans"
            " correct the count",
            "Запросы ждут в очереди по приоритету перед лимитом продавца; заголовки и баны"
            " маркетплейса поправляют счёт",
        ),
        760,
        230,
        (
            Box(
                20,
                20,
                200,
                44,
                ("INTERACTIVE\nreplies to buyers", "INTERACTIVE\nответы покупателям"),
                "good",
            ),
            Box(20, 84, 200, 44, ("NORMAL\nreading", "NORMAL\nчтение")),
            Box(20, 148, 200, 44, ("BULK\nsweeps, wide rounds", "BULK\nполные обходы")),
            Box(
                300,
                61,
                190,
                90,
                (
                    "The seller's bucket\n3 per second, burst 6\ncounted for the process",
                    "Лимит продавца\n3 в секунду, залп 6\nобщий для процесса",
                ),
                "ours",
            ),
            Box(590, 76, 150, 60, ("Marketplace\nnever 429", "Маркетплейс\nбез 429"), "theirs"),
            Arrow(((220, 42), (260, 42), (260, 92), (300, 92))),
            Arrow(((220, 106), (300, 106))),
            Arrow(((220, 170), (260, 170), (260, 120), (300, 120))),
            Arrow(((490, 106), (590, 106))),
            Arrow(((665, 136), (665, 195), (395, 195), (395, 151)), dashed=True),
            Note(530, 182, ("headers, a ban's end", "заголовки, конец бана")),
        ),
    ),
    Picture(
        "lists",
        (
            "A listing reads page by page and stops at the marketplace's paging cap; a sweep splits"
            " the period into windows and reads all of them",
            "Список читается по страницам и упирается в потолок маркетплейса; полный обход делит"
            " период на окна и читает каждое",
        ),
        760,
        230,
        (
            Box(20, 30, 110, 54, ("Listing\nthe newest first", "Список\nсначала новые"), "ours"),
            *(Box(150 + 90 * n, 30, 80, 54, (f"Page {n + 1}", f"Стр. {n + 1}")) for n in range(4)),
            Box(
                520,
                30,
                220,
                54,
                (
                    "Paging cap\n200,000 records on Wildberries",
                    "Потолок\n200 000 записей на Wildberries",
                ),
                "bad",
            ),
            Box(20, 140, 110, 54, ("Sweep\nwhole archive", "Обход\nвесь архив"), "ours"),
            *(
                Box(
                    150 + 150 * n,
                    140,
                    140,
                    54,
                    (f"{2026 - n}\nwhole, resumable", f"{2026 - n}\nцеликом, с позиции"),
                    "good",
                )
                for n in range(4)
            ),
        ),
    ),
    Picture(
        "states",
        (
            "States of a delivery: pending, sending, accepted, confirmed, rejected, unknown",
            "Состояния ответа: pending, sending, accepted, confirmed, rejected, unknown",
        ),
        760,
        250,
        (
            Box(
                20,
                30,
                150,
                54,
                ("pending\nsaved, not sent", "pending\nзаписан, не отправлен"),
                "stored",
            ),
            Box(
                210, 30, 160, 54, ("sending\noutcome unknown", "sending\nисход неизвестен"), "ours"
            ),
            Box(410, 30, 150, 54, ("accepted\nby the marketplace", "accepted\nпринят"), "ours"),
            Box(
                600,
                30,
                140,
                54,
                ("confirmed\nthe buyer has it", "confirmed\nвиден покупателю"),
                "good",
            ),
            Box(210, 160, 160, 60, ("rejected\nby the marketplace", "rejected\nотклонён"), "bad"),
            Box(
                410,
                160,
                330,
                60,
                ("unknown\na person checks and resolves it", "unknown\nпроверяет и решает человек"),
                "theirs",
            ),
            Arrow(((170, 48), (210, 48))),
            Arrow(((210, 70), (170, 70)), dashed=True),
            Arrow(((370, 57), (410, 57))),
            Arrow(((560, 57), (600, 57))),
            Arrow(((290, 84), (290, 160))),
            Arrow(((485, 84), (485, 160))),
            Arrow(((370, 75), (390, 75), (390, 180), (410, 180))),
            Note(
                96,
                106,
                (
                    "dashed: certainly not there,\nso sent again",
                    "пунктир: точно не дошёл,\nотправляется снова",
                ),
            ),
        ),
    ),
    Picture(
        "simulator",
        (
            "In tests the account's base_url points to a simulator with the marketplace's limits,"
            " errors and faults; buyers write in it",
            "В тестах base_url аккаунта указывает на симулятор с лимитами, ошибками и сбоями"
            " маркетплейса; покупатели пишут в нём",
        ),
        760,
        190,
        (
            Box(20, 60, 150, 60, ("Your test\npytest", "Ваш тест\npytest")),
            Box(
                230,
                60,
                180,
                60,
                ("Your service\nwith wbym's accounts", "Ваш сервис\nс аккаунтами wbym"),
                "ours",
            ),
            Box(
                530,
                40,
                210,
                100,
                (
                    "Simulator\nlimits, errors, faults\nbuyers who write\neffects to assert",
                    "Симулятор\nлимиты, ошибки, сбои\nпокупатели пишут\nэффекты для проверки",
                ),
                "theirs",
            ),
            Arrow(((170, 90), (230, 90))),
            Arrow(((410, 90), (530, 90)), back=True),
            Arrow(((95, 120), (95, 165), (635, 165), (635, 140)), dashed=True),
            Note(470, 72, ("base_url=", "base_url=")),
            Note(
                370,
                155,
                (
                    "writes as a buyer, sets faults, checks effects",
                    "пишет за покупателя, включает сбои, проверяет эффекты",
                ),
            ),
        ),
    ),
    Picture(
        "processes",
        (
            "Web workers, a reader and its standby on two machines share state in PostgreSQL and"
            " the limits in Redis or PostgreSQL",
            "Веб-воркеры, читающий процесс и запасной на двух машинах: состояние в PostgreSQL"
            ", лимиты в Redis или PostgreSQL",
        ),
        760,
        310,
        (
            Box(
                20,
                20,
                220,
                90,
                (
                    "Machine 1\nweb workers\nreader: follows the accounts",
                    "Машина 1\nвеб-воркеры\nчитающий процесс",
                ),
            ),
            Box(
                20,
                190,
                220,
                90,
                (
                    "Machine 2\nweb workers\nstandby: takes over in seconds",
                    "Машина 2\nвеб-воркеры\nзапасной: примет за секунды",
                ),
            ),
            Box(
                320,
                20,
                180,
                90,
                (
                    "State\nPostgreSQL\nevents, replies, leases",
                    "Состояние\nPostgreSQL\nсобытия, ответы, аренда",
                ),
                "stored",
            ),
            Box(
                320,
                190,
                180,
                90,
                (
                    "Limits\nRedis or PostgreSQL\none count per seller",
                    "Лимиты\nRedis или PostgreSQL\nодин счёт на продавца",
                ),
                "stored",
            ),
            Box(
                580,
                105,
                160,
                90,
                ("Marketplaces\nsee one client\nper seller", "Маркетплейсы\nвидят одного\nклиента"),
                "theirs",
            ),
            Arrow(((240, 50), (320, 50)), back=True),
            Arrow(((240, 85), (285, 85), (285, 215), (320, 215)), back=True),
            Arrow(((240, 255), (320, 255)), back=True),
            Arrow(((130, 110), (130, 150), (580, 150)), back=True),
            Arrow(((130, 190), (130, 150))),
        ),
    ),
)


def main() -> None:
    """Write the pictures, or with ``--check`` fail if a file differs."""
    stale = []
    for picture in PICTURES:
        for language, suffix in enumerate(("svg", "ru.svg")):
            path, drawn = FOLDER / f"{picture.name}.{suffix}", svg(picture, language)
            if "--check" not in sys.argv:
                path.write_text(drawn, "utf-8")
            elif not path.exists() or path.read_text("utf-8") != drawn:
                stale.append(path.name)
    if stale:
        sys.exit(f"run `make tables`: {', '.join(stale)} in docs/pictures")


if __name__ == "__main__":
    main()
