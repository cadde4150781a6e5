"""Permits of a card: certificates, declarations, registrations."""

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import Self

from wbym_wildberries.api.base import Wire

__all__ = ["Document", "DocumentType", "Documents", "LeaveOut"]


class DocumentType(IntEnum):
    """The kind of a permit. A number that is not listed here still decodes, without a name."""

    CERTIFICATE = 1
    DECLARATION = 2
    STATE_REGISTRATION = 3
    MEDICAL_REGISTRATION = 4
    """The registration certificate of a medical device."""
    MEDICAL_REGISTRATION_BELARUS = 5
    """The same, issued in Belarus."""
    PESTICIDE = 7
    AGROCHEMICAL = 8
    MEDICINE = 9

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"TYPE_{value}"
        member._value_ = value
        return member


class Document(Wire, frozen=True, omit_defaults=True):
    """A permit, as Wildberries sends it and as it is sent."""

    type: DocumentType | None = None
    number: str | None = None
    product_number: str | None = None
    trade_name: str | None = None
    applicant: str | None = None
    start_date: str | None = None
    """As Wildberries writes it."""
    end_date: str | None = None
    is_endless: bool | None = None
    """Whether it is valid without an end."""
    id: int | str | None = None
    """Wildberries' id. With it an update changes this document, without it adds a new one."""
    verdict: object = None
    """The result of the check, in Wildberries' words; None until then, up to 3 days. Read only:
    never sent."""


class Documents(Wire, frozen=True, omit_defaults=True):
    """All permits of a card. An update overwrites them in full.

    To add or change one, give all that are to stay::

        documents = msgspec.structs.replace(
            card.documents, items=[*(card.documents.items or ()), Document(...)]
        )
    """

    items: Sequence[Document] | None = None
    exclude_documents: bool | None = None
    """True says that the product needs no permits, and empties ``items``. The default is false: an
    update that does not say it takes the statement back."""
    overall_verdict: object = None
    """The result for the whole card, marking and registers included; None until all is checked.
    Read only: never sent."""


class LeaveOut(Enum):
    """What an update leaves out on purpose."""

    DOCUMENTS = "documents"
    """No ``documents`` are sent, as if the card had none.

    Wildberries overwrites a card as a whole: the card may lose all its permits and its
    ``exclude_documents``, and a card that needs permits and has none can be blocked until new ones
    have passed the check, up to 3 days. Wildberries does not document whether leaving the object
    out differs from sending it empty.
    """
