"""The columns of exported tables."""

from wbym.export import LAYOUTS, Noun

__all__ = ["table"]


def table(noun: str) -> str:
    """The columns of a noun's table."""
    lines = ["| Column | Type | Null | Meaning |", "|---|---|---|---|"]
    for column in LAYOUTS[Noun(noun)].columns:
        null = "never" if column.always else "where not told"
        lines.append(f"| `{column.name}` | {column.kind.value} | {null} | {column.meaning} |")
    return "\n".join(lines) + "\n"
