"""A shop with a token for all categories and scripted responses."""

from typing import Final

from tests.support.fakes import Scripted, ScriptedTransport
from wbym.calls import RetryPolicy
from wbym.limits import Scheduler
from wbym_wildberries import Category, Wildberries
from wbym_wildberries.simulator import make_token

ALL_SCOPES: Final = sum(1 << category for category in Category)


def scripted_with(*script: Scripted) -> tuple[Wildberries, ScriptedTransport]:
    """The shop and its scripted transport."""
    transport = ScriptedTransport(*script)
    shop = Wildberries(
        make_token(scopes=ALL_SCOPES),
        name="shop",
        transport=transport,
        scheduler=Scheduler(),
        retry=RetryPolicy(max_attempts=2, base_delay=0.001),
    )
    return shop, transport
