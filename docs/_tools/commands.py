"""The columns of the command line's tab-separated lines."""

from wbym.cli.views import CHATS, FEEDBACKS, MESSAGES, QUESTIONS, RETURNS

__all__ = ["columns"]


def columns() -> str:
    """The columns of each command that prints records."""
    cells = {view.noun: view.columns for view in (FEEDBACKS, QUESTIONS, CHATS, RETURNS, MESSAGES)}
    cells |= {
        "events": ("ref", "at", "kind", "author or status", "about", "text"),
        "inbox": ("account", "marketplace", "chats", "questions", "feedbacks", "returns", "all"),
        "send, answer, edit-answer, reject, decide": (
            "state",
            "action",
            "ref",
            "decision",
            "text",
        ),
        "outbox list": (
            "key",
            "state",
            "updated_at",
            "attempts",
            "action",
            "ref",
            "text",
            "note",
        ),
        "show": ("name", "text"),
    }
    lines = [f"| `{name}` | {', '.join(names)} |" for name, names in cells.items()]
    return "\n".join(["| Command | Cells |", "|---|---|", *lines]) + "\n"
