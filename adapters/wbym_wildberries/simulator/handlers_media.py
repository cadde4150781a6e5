"""The methods of pictures and videos of cards."""

from __future__ import annotations

import struct

import msgspec

from wbym.testing import Call, Handlers, JsonObject, Refusal, Response, raw_response, route
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.data_cards import photo, video
from wbym_wildberries.simulator.handlers_directories import SCOPE
from wbym_wildberries.simulator.limits import MEDIA
from wbym_wildberries.simulator.requests import body_of, digits
from wbym_wildberries.simulator.state import Cabinet

MAX_PHOTOS = 30
MAX_IMAGE = 32 * 1024 * 1024
MAX_VIDEO = 50 * 1024 * 1024
MIN_WIDTH = 700
MIN_HEIGHT = 900
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF87a", b"GIF89a", b"RIFF")
_SIZES: tuple[tuple[bytes, str, int], ...] = (
    (b"\x89PNG\r\n\x1a\n", ">II", 16),
    (b"GIF", "<HH", 6),
)
"""Offsets of the width and height in a picture; other formats are not measured here."""
_NOT_PICTURES = (".txt", ".html", ".htm")
_VIDEOS = (".mov", ".mp4")


class _Links(msgspec.Struct, rename="camel"):
    nm_id: int | None = None
    data: list[str] = []


class MediaHandlers(Handlers[Cabinet], bucket=MEDIA, scope=SCOPE):
    """Serves the media of the caller's cabinet."""

    @route("POST", "/content/v3/media/file")
    async def upload(self, call: Call) -> Response:
        """Uploads one file to the place that a header names."""
        content = await _read_file(call)
        headers = call.request.headers
        item, place = digits(headers.get("X-Nm-Id", "")), digits(headers.get("X-Photo-Number", ""))
        if item is None or place is None:
            raise Refusal(400, "Invalid X-Nm-Id or X-Photo-Number")
        cabinet = self._cabinet(call)
        number = cabinet.cards.find(item)
        if number is None:
            raise Refusal(400, "nmID not found")
        wrong = _wrong(content)
        if wrong:
            raise Refusal(400, wrong)
        card = cabinet.cards.load(number)
        if _is_video(content):
            if place != 1:
                raise Refusal(400, "X-Photo-Number of a video must be 1")
            card["video"] = video(item)
        else:
            photos = card["photos"]
            count = len(photos) if isinstance(photos, list) else 0
            if not place:
                raise Refusal(400, "X-Photo-Number must be at least 1")
            # A number beyond the last picture adds one.
            if place > count and count >= MAX_PHOTOS:
                raise Refusal(400, f"Maximum {MAX_PHOTOS} photos")
            card["photos"] = _photos(item, max(count, min(place, count + 1)))
        cabinet.cards.save(number, card)
        cabinet.effects["media"] += 1
        return replies.done()

    @route("POST", "/content/v3/media/save")
    async def save(self, call: Call) -> Response:
        """Replaces all media of a card.

        A set that breaks the requirements is 200 and changes nothing, as documented.
        """
        body = await body_of(call, _Links, Refusal(400, replies.BAD_REQUEST))
        if body.nm_id is None:
            raise Refusal(422, "nmId is required")
        cabinet = self._cabinet(call)
        number = cabinet.cards.find(body.nm_id)
        if number is None:
            raise Refusal(400, "nmID not found")
        paths = [link.partition("?")[0].lower() for link in body.data]
        if any(
            path.endswith(_NOT_PICTURES) or not path.startswith(("http://", "https://"))
            for path in paths
        ):
            raise Refusal(409, "Some of the links are incorrect")
        videos = sum(path.endswith(_VIDEOS) for path in paths)
        photos = len(paths) - videos
        if videos > 1 or photos > MAX_PHOTOS:
            cabinet.ignored["media"] += 1
            return replies.done()
        card = cabinet.cards.load(number)
        card["photos"] = _photos(body.nm_id, photos)
        card.pop("video", None)
        if videos:
            card["video"] = video(body.nm_id)
        cabinet.cards.save(number, card)
        cabinet.effects["media"] += 1
        return replies.done()


def _photos(nm: int, count: int) -> list[JsonObject]:
    return [photo(nm, place + 1) for place in range(count)]


def _is_video(content: bytes) -> bool:
    return content[4:8] in {b"ftyp", b"moov"}


def _wrong(content: bytes) -> str | None:
    """The requirement that a file does not meet."""
    if _is_video(content):
        return "Maximum size of a video is 50 MB" if len(content) > MAX_VIDEO else None
    if not content.startswith(_IMAGES):
        return "Unsupported media format"
    if len(content) > MAX_IMAGE:
        return "Maximum size of an image is 32 MB"
    for magic, layout, at in _SIZES:
        if content.startswith(magic) and len(content) >= at + struct.calcsize(layout):
            width, height = struct.unpack_from(layout, content, at)
            if width < MIN_WIDTH or height < MIN_HEIGHT:
                return f"Minimum resolution is {MIN_WIDTH} x {MIN_HEIGHT}"
    return None


async def _read_file(call: Call) -> bytes:
    """The uploaded file; the rest of one that is too large is dropped."""
    is_form = call.request.content_type.startswith("multipart/")
    parts = await call.parts(MAX_VIDEO + 1) if is_form else None
    if parts is None:
        text = raw_response(
            b"Invalid 'boundary' for 'multipart/form-data' request",
            status=400,
            content_type="plain/text",
        )
        raise Refusal(400, response=text)
    files = [part.content for part in parts if part.name == "uploadfile"]
    if not files:
        raise Refusal(400, "uploadfile is required")
    return b"".join(files)
