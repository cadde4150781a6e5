"""The capabilities of each marketplace."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from docs._tools import methods
from wbym.account import NOT_BUILT, Capability, has, installed_adapters, load_adapter

__all__ = ["summary", "table"]

_NOUNS: Final[Sequence[tuple[tuple[str, str], Mapping[Capability, tuple[str, str]]]]] = (
    (
        ("Chats", "Чаты"),
        {
            Capability.CHATS: ("read", "читать"),
            Capability.SEND: ("write", "писать"),
            Capability.SEND_FILES: ("send files", "слать файлы"),
            Capability.OPEN_CHAT: ("open", "открывать"),
        },
    ),
    (
        ("Questions", "Вопросы"),
        {
            Capability.QUESTIONS: ("read", "читать"),
            Capability.ANSWER_QUESTION: ("answer", "отвечать"),
            Capability.EDIT_QUESTION_ANSWER: ("edit", "править"),
            Capability.REJECT_QUESTION: ("reject", "отклонять"),
        },
    ),
    (
        ("Feedbacks", "Отзывы"),
        {
            Capability.FEEDBACKS: ("read", "читать"),
            Capability.ANSWER_FEEDBACK: ("answer", "отвечать"),
            Capability.EDIT_FEEDBACK_ANSWER: ("edit", "править"),
            Capability.COMMENTS: ("comments", "комментарии"),
        },
    ),
    (
        ("Returns", "Возвраты"),
        {
            Capability.RETURNS: ("read", "читать"),
            Capability.DECIDE: ("decide", "решать"),
        },
    ),
    (
        ("Push", "Уведомления"),
        {Capability.NOTIFICATIONS: ("notifications", "есть")},
    ),
)
_TITLES: Final = {
    "wildberries": ("Wildberries",) * 2,
    "yandex_market": ("Yandex Market", "Яндекс Маркет"),
}
_METHODS: Final = ("Methods", "Методы API")


def table() -> str:
    """Each capability with its state in each installed adapter."""
    stated = {name: load_adapter(name).CAPABILITIES for name in installed_adapters()}
    lines = [f"| Capability | {' | '.join(stated)} |", "|---" * (len(stated) + 1) + "|"]
    for capability in Capability:
        supports = [its.get(capability, NOT_BUILT).support for its in stated.values()]
        cells = [support.replace("_", " ") for support in supports]
        lines.append(f"| `{capability}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def summary(language: Literal[0, 1] = 0) -> str:
    """What can be done with each noun, by marketplace; the language is English or Russian."""
    stated = {name: load_adapter(name).CAPABILITIES for name in _TITLES}
    titles = [title[language] for title in _TITLES.values()]
    lines = [f"| | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for noun, verbs in _NOUNS:
        cells = [
            ", ".join(verb[language] for can, verb in verbs.items() if has(its, can)) or "–"
            for its in stated.values()
        ]
        lines.append(f"| {noun[language]} | {' | '.join(cells)} |")
    counts = [str(len(page.rows)) for page in methods.pages()]
    lines.append(f"| {_METHODS[language]} | {' | '.join(counts)} |")
    return "\n".join(lines) + "\n"
