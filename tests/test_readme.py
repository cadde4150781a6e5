from tests.support.readme import README, with_table


def test_table_when_capabilities_change() -> None:
    text = README.read_text("utf-8")
    assert text == with_table(text), "run: python -m tests.support.readme"
