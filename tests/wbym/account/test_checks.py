from typing import Annotated

import pytest

from wbym.account import require_address
from wbym.calls import NotEmpty, require
from wbym.errors import InvalidInput

BLANK = [
    "",
    " ",
    "\t\r\n",
    "\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}",
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH JOINER}\N{WORD JOINER}\N{SOFT HYPHEN}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    "\N{LINE SEPARATOR}",
    "\N{HANGUL FILLER}\N{BRAILLE PATTERN BLANK}",
    "\N{VARIATION SELECTOR-16}\N{VARIATION SELECTOR-17}",
]


@pytest.mark.parametrize("text", BLANK)
def test_text_when_it_has_no_visible_character(text: str) -> None:
    with pytest.raises(InvalidInput, match="send: text must have a visible character"):
        require("send", "text", text, Annotated[str, NotEmpty()])


@pytest.mark.parametrize(
    "text", ["я", " . ", "👍", "\N{ZERO WIDTH JOINER}я", "👩\u200d🚀", "❤\ufe0f"]
)
def test_text_when_it_has_a_visible_character(text: str) -> None:
    require("send", "text", text, Annotated[str, NotEmpty()])


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (None, None),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://proxy.example/wb/", "https://proxy.example/wb"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_address_when_valid(given: str | None, address: str | None) -> None:
    assert require_address("Toy", given) == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "127.0.0.1:8080",
        "wb.example",
        "//wb.example",
        "http://",
        "http://:80",
        "http:///api",
        "ftp://wb.example",
        "http://wb.example:port",
        "http://wb.example:99999",
        "http://wb.example:0",
        "http://wb example",
        "http://wb.example?x=1",
        "http://[::1",
        "http://wb.example/#x",
        "http://wb..example",
        "http://\\wb.example",
        f"http://{'w' * 64}.example",
    ],
)
def test_address_when_invalid(given: str) -> None:
    with pytest.raises(InvalidInput, match="Toy: base_url must be an address"):
        require_address("Toy", given)


@pytest.mark.parametrize(
    "given", ["https://anna:hush@wb.example", "http://anna:hush@wb.example?x=1", "http://hush@:80"]
)
def test_address_when_it_has_credentials(given: str) -> None:
    with pytest.raises(InvalidInput, match="Toy: base_url must") as caught:
        require_address("Toy", given)
    assert "hush" not in str(caught.value)
