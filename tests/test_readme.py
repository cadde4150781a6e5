"""README's table of capabilities."""

from tests.support.readme import README, with_table


def test_table_of_capabilities_is_up_to_date() -> None:
    text = README.read_text("utf-8")
    assert text == with_table(text), "run: python -m tests.support.readme"
