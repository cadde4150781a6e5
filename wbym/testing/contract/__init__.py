"""The contract suite: tests that any adapter with a simulator must pass.

A marketplace's tests subclass :class:`AdapterContract` and provide its simulator::

    class TestToy(AdapterContract):
        account_class = Toy

        @pytest.fixture
        async def harness(self) -> AsyncIterator[Harness]:
            async with ToySimulator() as simulator:
                yield ToyHarness(simulator)

The tests are derived from ``Toy.CAPABILITIES``. They need pytest with pytest-asyncio in ``auto``
mode; nothing else in wbym imports them. See ``docs/adding-a-marketplace.md``.
"""

import pytest

for _name in ("capabilities", "following", "lifetime", "proofs", "reading", "trouble", "writing"):
    pytest.register_assert_rewrite(f"{__name__}._{_name}")

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
    """The whole suite; subclass it once per marketplace."""
