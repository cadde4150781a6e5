"""The table of capabilities in the README: ``python -m tests.readme`` writes it from the data."""

from pathlib import Path

from wbym.account import Capability, Support, installed_adapters

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- capabilities: made by `python -m tests.readme` -->\n"
END = "<!-- end of capabilities -->"


def table() -> str:
    adapters = sorted(installed_adapters().items())
    lines = [
        f"| Capability | {' | '.join(name for name, _ in adapters)} |",
        "|---" * (len(adapters) + 1) + "|",
    ]
    for capability in Capability:
        cells = []
        for _, adapter in adapters:
            stated = adapter.capabilities.get(capability)
            support = stated.support if stated else Support.NOT_BUILT
            cells.append(support.replace("_", " "))
        lines.append(f"| `{capability}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
