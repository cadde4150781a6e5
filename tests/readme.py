"""The table of capabilities in the README: ``python -m tests.readme`` writes it from the data."""

from pathlib import Path

from wbym.account import NOT_BUILT, Capability, installed_adapters, load_adapter

README = Path(__file__).parents[1] / "README.md"
BEGIN = "<!-- capabilities: made by `python -m tests.readme` -->\n"
END = "<!-- end of capabilities -->"


def table() -> str:
    names = installed_adapters()
    adapters = [load_adapter(name) for name in names]
    lines = [f"| Capability | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for capability in Capability:
        stated = [adapter.CAPABILITIES.get(capability, NOT_BUILT) for adapter in adapters]
        cells = [one.support.replace("_", " ") for one in stated]
        lines.append(f"| `{capability}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
