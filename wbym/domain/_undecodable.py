"""A record that could not be decoded, or not mapped to the neutral model."""

from hashlib import blake2b

import msgspec

from wbym.domain._ref import Noun, Ref

__all__ = ["UndecodableRecord"]


class UndecodableRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that could not be decoded, kept for a person to inspect."""

    ref: Ref
    """Its id is a digest of ``data``."""
    endpoint: str
    """The operation that returned it, such as ``feedbacks.list``."""
    where: str
    """Its path in the response, such as ``data.feedbacks[17]``."""
    reason: str
    data: bytes
    """The record as received, with ``***`` in place of secrets such as a chat's signature."""

    @classmethod
    def of(
        cls, marketplace: str, account: str, endpoint: str, where: str, reason: str, data: bytes
    ) -> "UndecodableRecord":
        """Create one from the bytes of a record in a response.

        Args:
            marketplace: The marketplace, such as ``wildberries``.
            account: The account's name.
            endpoint: The operation whose answer it was in.
            where: Its place in the answer.
            reason: Why it could not be decoded, without data of it.
            data: Its bytes.
        """
        digest = blake2b(data, digest_size=8).hexdigest()
        ref = Ref(marketplace, account, Noun.UNDECODABLE, digest)
        return cls(ref, endpoint, where, reason, data)

    def __repr__(self) -> str:
        where = f"{self.endpoint} {self.where}"
        return f"UndecodableRecord({where}: {self.reason}, {len(self.data)} bytes)"
