"""The capabilities and hooks of an account class must agree at its definition."""

from types import MappingProxyType
from typing import ClassVar

import pytest

from wbym.account import Account, Capabilities, Capability, ReadOptions, Support, Supported
from wbym.domain import Chat, Message
from wbym.paging import Listing


def stating(support: Support, *capabilities: Capability) -> Capabilities:
    return MappingProxyType(dict.fromkeys(capabilities, Supported(support)))


@pytest.mark.parametrize("support", [Support.NATIVE, Support.EMULATED])
def test_class_when_a_declared_capability_has_no_hook(support: Support) -> None:
    with pytest.raises(TypeError, match="Toy: chats is declared but _chats is not implemented"):

        class Toy(Account):
            marketplace = "toy"
            CAPABILITIES: ClassVar[Capabilities] = stating(support, Capability.CHATS)


@pytest.mark.parametrize("support", [Support.ABSENT, Support.NOT_BUILT, None])
def test_class_when_a_hook_has_no_declared_capability(support: Support | None) -> None:
    with pytest.raises(TypeError, match="Toy: _chats is implemented but chats is not declared"):

        class Toy(Account):
            marketplace = "toy"
            CAPABILITIES: ClassVar[Capabilities] = (
                {} if support is None else stating(support, Capability.CHATS)
            )

            def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
                raise NotImplementedError


def test_class_when_several_capabilities_lack_hooks() -> None:
    with pytest.raises(TypeError, match=r"chats is declared.*; messages is declared"):

        class Toy(Account):
            marketplace = "toy"
            CAPABILITIES: ClassVar[Capabilities] = stating(
                Support.NATIVE, Capability.CHATS, Capability.MESSAGES
            )


def test_class_when_hooks_are_inherited() -> None:
    class Toy(Account):
        marketplace = "toy"
        CAPABILITIES: ClassVar[Capabilities] = stating(Support.NATIVE, Capability.GET_MESSAGE)

        async def _get_message(self, message_id: str) -> Message:
            raise NotImplementedError

    class Sandbox(Toy):
        """Inherits its capabilities and hooks."""

    assert Sandbox.CAPABILITIES is Toy.CAPABILITIES


def test_class_when_only_argument_capabilities_are_declared() -> None:
    class Toy(Account):
        """An argument of a list needs no separate hook."""

        marketplace = "toy"
        CAPABILITIES: ClassVar[Capabilities] = stating(Support.NATIVE, Capability.SEND_FILES)

    assert Toy.CAPABILITIES
