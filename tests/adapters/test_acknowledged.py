"""A successful write stays successful, whatever else the response contains."""

from types import NoneType

import pytest

from wbym.calls import Decoded
from wbym_wildberries.api import _base as wildberries
from wbym_yandex_market.api import _base as yandex_market


@pytest.mark.parametrize("value", ["null", "{}", "[]", "7", '"ok"'])
def test_acknowledgement_with_additional_fields(value: str) -> None:
    ours = wildberries.in_envelope(NoneType).decode(
        b'{"data": %s, "error": false}' % value.encode()
    )
    assert ours == Decoded(None)
    theirs = yandex_market.in_envelope(None).decode(
        b'{"status": "OK", "result": %s}' % value.encode()
    )
    assert theirs == Decoded(None)
