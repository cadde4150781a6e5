"""README's table of capabilities: ``python -m tests.support.readme`` writes it from the data."""

from pathlib import Path

from wbym.account import NOT_BUILT, Capability, installed_adapters, load_adapter

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- capabilities: made by `python -m tests.support.readme` -->\n"
END = "<!-- end of capabilities -->"


def table() -> str:
    stated = {name: load_adapter(name).CAPABILITIES for name in installed_adapters()}
    lines = [f"| Capability | {' | '.join(stated)} |", "|---" * (len(stated) + 1) + "|"]
    for capability in Capability:
        supports = [its.get(capability, NOT_BUILT).support for its in stated.values()]
        cells = [support.replace("_", " ") for support in supports]
        lines.append(f"| `{capability}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
