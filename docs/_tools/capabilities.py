"""The capabilities of each marketplace."""

from wbym.account import NOT_BUILT, Capability, installed_adapters, load_adapter

__all__ = ["table"]


def table() -> str:
    """Each capability with its state in each installed adapter."""
    stated = {name: load_adapter(name).CAPABILITIES for name in installed_adapters()}
    lines = [f"| Capability | {' | '.join(stated)} |", "|---" * (len(stated) + 1) + "|"]
    for capability in Capability:
        supports = [its.get(capability, NOT_BUILT).support for its in stated.values()]
        cells = [support.replace("_", " ") for support in supports]
        lines.append(f"| `{capability}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
