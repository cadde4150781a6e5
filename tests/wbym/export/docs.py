"""The tables of docs/export.md: ``python -m tests.wbym.export.docs`` generates them."""

import re
from pathlib import Path

from wbym.export import LAYOUTS, Noun

DOCS = Path(__file__).parents[3] / "docs" / "export.md"
BLOCK = re.compile(r"(<!-- columns of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(noun: Noun) -> str:
    lines = ["| Column | Type | Null | Meaning |", "|---|---|---|---|"]
    for column in LAYOUTS[noun].columns:
        null = "never" if column.always else "if unknown"
        lines.append(f"| `{column.name}` | {column.kind.value} | {null} | {column.meaning} |")
    return "\n".join(lines) + "\n"


def with_tables(text: str) -> str:
    return BLOCK.sub(lambda found: f"{found[1]}{table(Noun(found[2]))}{found[3]}", text)


if __name__ == "__main__":
    DOCS.write_text(with_tables(DOCS.read_text("utf-8")), "utf-8")
