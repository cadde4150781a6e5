import re

from tests.readme import README, with_table


def test_table_when_capabilities_change() -> None:
    text = README.read_text("utf-8")
    assert text == with_table(text), "run: python -m tests.readme"


def test_programs_when_compiled() -> None:
    programs = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), flags=re.DOTALL)
    assert len(programs) >= 3
    for program in programs:
        compile(program, "README.md", "exec", flags=0x2000)  # top-level await is allowed
