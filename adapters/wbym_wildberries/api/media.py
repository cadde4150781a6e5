"""Pictures and videos of cards."""

from collections.abc import Sequence
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, Part, Upload
from wbym.errors import InvalidInput
from wbym_wildberries.api.base import acknowledged, within
from wbym_wildberries.token import Category

__all__ = ["Media", "check_media"]

IMAGES_MOST: Final = 30
"""Pictures of one card; a video may come with them."""
IMAGE_MOST: Final = 32 * 1024 * 1024
VIDEO_MOST: Final = 50 * 1024 * 1024
"""Bytes."""

_IMAGES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_VIDEO_ATOMS: Final = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""What the first atom of a MOV or MP4 may be; its name follows four bytes of its size."""


class _SaveBody(msgspec.Struct, rename="camel"):
    nm_id: int
    data: Sequence[str]


_TABLE = Endpoints(
    "content.media", host="content", buckets=("content.media",), scope=Category.CONTENT.scope
)

UPLOAD = _TABLE.add("POST", "upload", "/content/v3/media/file", acknowledged())
REPLACE = _TABLE.add("POST", "replace", "/content/v3/media/save", acknowledged())

ENDPOINTS = _TABLE.rows


class Media(ApiGroup):
    """``api.content.media``.

    One bucket for all: 100 calls a minute, 5 at once; with a base token 2 an hour.
    """

    async def upload(self, nm_id: int, number: int, file: Upload) -> None:
        """Put a file in a place of a card; what was there is lost (POST /content/v3/media/file).

        Not repeatable. A place after the last adds a picture. Wildberries wants at least 700 x 900
        pixels and refuses less, or a poor quality, later and without a word.

        Args:
            nm_id: The card.
            number: The place, 1 to 30; 1 for a video, which has a place of its own.
            file: A picture of at most 32 MB (JPG, PNG, BMP, GIF, WebP), or a video of at most 50 MB
                (MOV, MP4), by its content.

        Raises:
            InvalidInput: The file or the place breaks a rule.
            BadRequest: There is no such card, or the file is refused.
            DeliveryUnknown: It may or may not be there.
        """
        within(UPLOAD.name, "number", number, 1, IMAGES_MOST)
        kind = check_media(file)
        if kind.startswith("video/") and number != 1:
            raise InvalidInput(UPLOAD.name, "number", "must be 1 for a video", number)
        await self._call(
            UPLOAD,
            headers={"X-Nm-Id": str(nm_id), "X-Photo-Number": str(number)},
            parts=[Part("uploadfile", file.content, file.name, kind)],
        )

    async def replace(self, nm_id: int, links: Sequence[str]) -> None:
        """Replace all pictures and the video of a card by files behind links; the old are lost.

        (POST /content/v3/media/save.) To keep some, name their links too. Not repeatable. If one
        file breaks a rule none is taken, and Wildberries says so only in the card, not here.

        Args:
            nm_id: The card.
            links: 1 to 31 addresses that lead to the files themselves without a login: up to 30
                pictures in the order of the card, and a video anywhere between.

        Raises:
            InvalidInput: There are none or too many, or one is no http(s) address.
            Conflict: Some links were not saved.
            DeliveryUnknown: They may or may not have been replaced.
        """
        within(REPLACE.name, "links", len(links), 1, IMAGES_MOST + 1)
        for link in links:
            if not link.startswith(("https://", "http://")):
                raise InvalidInput(REPLACE.name, "links", "must begin with https://", link)
        await self._call(REPLACE, body=_SaveBody(nm_id, links))


def check_media(file: Upload) -> str:
    """The kind of a picture or video, such as ``image/png``, by its content.

    Raises:
        InvalidInput: It is of no kind that Wildberries takes, or too big.
    """
    kind = _kind(file.content)
    if kind is None:
        rule = "must be JPG, PNG, BMP, GIF, WebP, MOV or MP4 by its content"
        raise InvalidInput(UPLOAD.name, "file", rule, file)
    most = VIDEO_MOST if kind.startswith("video/") else IMAGE_MOST
    if len(file.content) > most:
        rule = f"must have at most {most} bytes, this has {len(file.content)}"
        raise InvalidInput(UPLOAD.name, "file", rule, file)
    return kind


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
