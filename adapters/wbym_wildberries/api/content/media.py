"""Pictures and videos of cards."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec

from wbym.calls import Count, Each, Form, Group, Header, Name, Range, Upload, post
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import in_envelope

__all__ = ["MAX_IMAGES", "MAX_IMAGE_SIZE", "MAX_VIDEO_SIZE", "Media", "media_type"]

MAX_IMAGES: Final = 30
"""Max pictures of one card; it may have a video too."""
MAX_IMAGE_SIZE: Final = 32 * 1024 * 1024
MAX_VIDEO_SIZE: Final = 50 * 1024 * 1024
"""Max bytes."""

_IMAGES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_VIDEO_ATOMS: Final = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""Possible first atoms of a MOV or MP4; an atom's name follows four bytes with its size."""


class IsMedia(msgspec.Struct, frozen=True):
    """A picture or a video that Wildberries accepts, and not too big for its kind."""

    def violation(self, file: Upload, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        kind = media_type(file)
        if kind is None:
            return "must be JPG, PNG, BMP, GIF, WebP, MOV or MP4 by its content"
        max_size = MAX_VIDEO_SIZE if _is_video(kind) else MAX_IMAGE_SIZE
        if len(file.content) > max_size:
            return f"must have at most {max_size} bytes, this has {len(file.content)}"
        return None


class IsLink(msgspec.Struct, frozen=True):
    """An http(s) address."""

    def violation(self, link: str, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        return None if link.startswith(("https://", "http://")) else "must begin with https://"


def _video_is_first(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    is_elsewhere = arguments["number"] != 1 and _is_video(media_type(arguments["file"]))
    return ("number", "must be 1 for a video") if is_elsewhere else None


def media_type(file: Upload) -> str | None:
    """The kind of a picture or video, such as ``image/png``, by its content."""
    return _kind(file.content)


def _is_video(kind: str | None) -> bool:
    return kind is not None and kind.startswith("video/")


def _kind(content: bytes) -> str | None:
    for magic, kind in _IMAGES:
        if content.startswith(magic):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] not in _VIDEO_ATOMS:
        return None
    is_mov = content[4:8] != b"ftyp" or content[8:10] == b"qt"
    return "video/quicktime" if is_mov else "video/mp4"


class Media(
    Group,
    noun="content.media",
    host="content",
    bucket="content.media",
    scope=Category.CONTENT.scope,
    envelope=in_envelope,
):
    """``api.content.media``.

    One bucket for all: 100 calls per minute, 5 at once; with a base token 2 per hour.
    """

    @post("/content/v3/media/file", rules=[_video_is_first])
    async def upload(
        self,
        nm_id: Annotated[int, Header("X-Nm-Id")],
        number: Annotated[int, Header("X-Photo-Number"), Range(1, MAX_IMAGES)],
        file: Annotated[Upload, Form("uploadfile", media_type), IsMedia()],
    ) -> None:
        """Set the file at a position of a card; the file that was there is lost.

        A position after the last adds a picture. Wildberries requires at least 700 x 900 pixels and
        rejects smaller pictures, or poor quality, later and without an error.

        Args:
            nm_id: The card.
            number: The position, 1 to 30; 1 for a video, which has its own position.
            file: A picture of at most 32 MB (JPG, PNG, BMP, GIF, WebP), or a video of at most 50 MB
                (MOV, MP4), by its content.

        Raises:
            NotFound: The card does not exist.
            BadRequest: WB rejects the file.
            DeliveryUnknown: It may or may not have been set.
        """
        ...

    @post("/content/v3/media/save")
    async def replace(
        self,
        nm_id: int,
        links: Annotated[Sequence[str], Name("data"), Count(1, MAX_IMAGES + 1), Each(IsLink())],
    ) -> None:
        """Replace all pictures and the video of a card by linked files; the old ones are lost.

        To keep some, pass their links too. If one file breaks a rule, none is accepted, and
        Wildberries reports that only in the card, not here.

        Args:
            nm_id: The card.
            links: 1 to 31 direct addresses of the files, without a login: up to 30 pictures in the
                order of the card, and a video at any place.

        Raises:
            Conflict: Some links were not saved.
            DeliveryUnknown: They may or may not have been replaced.
        """
        ...
