"""The contract suite: what any adapter with a simulator must pass, written once.

A marketplace's tests subclass :class:`AdapterContract` and say what its simulator is::

    class TestToy(AdapterContract):
        account_class = Toy

        @pytest.fixture
        async def harness(self) -> AsyncIterator[Harness]:
            async with ToySimulator() as simulator:
                yield ToyHarness(simulator)

Which tests there are is read from ``Toy.CAPABILITIES``. It needs pytest with pytest-asyncio in
``auto`` mode; nothing else in wbym imports them. ``docs/adding-a-marketplace.md`` tells the rest.
"""

import pytest

for _name in ("capabilities", "following", "lifetime", "proofs", "reading", "trouble", "writing"):
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from wbym.testing.contract._capabilities import CapabilityContract  # noqa: E402 - rewritten
from wbym.testing.contract._following import FollowContract  # noqa: E402
from wbym.testing.contract._harness import Harness  # noqa: E402
from wbym.testing.contract._lifetime import LifetimeContract, SecretContract  # noqa: E402
from wbym.testing.contract._probes import PROBES, Probe  # noqa: E402
from wbym.testing.contract._reading import DataContract, PagingContract  # noqa: E402
from wbym.testing.contract._trouble import TroubleContract  # noqa: E402
from wbym.testing.contract._writing import BoundsContract, DeliveryContract  # noqa: E402

__all__ = ["PROBES", "AdapterContract", "Harness", "Probe"]


class AdapterContract(
    CapabilityContract,
    PagingContract,
    DataContract,
    BoundsContract,
    DeliveryContract,
    TroubleContract,
    LifetimeContract,
    SecretContract,
    FollowContract,
):
    """All of the suite; subclass it once a marketplace."""
