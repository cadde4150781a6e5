"""The methods of pictures and videos of cards."""

from __future__ import annotations

import struct

import msgspec
from aiohttp import BodyPartReader

from wbym.testing._answers import Answer, Body, Refusal, json_answer
from wbym.testing._server import Call, Handlers, Route
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.data_cards import photo, video
from wbym_wildberries.simulator.handlers_directories import SCOPE
from wbym_wildberries.simulator.limits import MEDIA
from wbym_wildberries.simulator.requests import body_of
from wbym_wildberries.simulator.shelf import Json
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
"""Where the width and height of a picture lie; other formats are not measured here."""
_NOT_PICTURES = (".txt", ".html", ".htm")
_VIDEOS = (".mov", ".mp4")


class _Links(msgspec.Struct, rename="camel"):
    nm_id: int | None = None
    data: list[str] = []


class MediaHandlers(Handlers[Cabinet]):
    """Serves the media of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        return [
            Route("POST", "/content/v3/media/file", self.upload, MEDIA, SCOPE, True),
            Route("POST", "/content/v3/media/save", self.save, MEDIA, SCOPE, True),
        ]

    async def upload(self, call: Call) -> Answer:
        """`POST /content/v3/media/file`: one file, into the place that a header names."""
        content = await _read_file(call)
        headers = call.request.headers
        item, place = headers.get("X-Nm-Id", ""), headers.get("X-Photo-Number", "")
        if not (item.isascii() and item.isdigit() and place.isascii() and place.isdigit()):
            raise Refusal(400, "Invalid X-Nm-Id or X-Photo-Number")
        cabinet = self._cabinet(call)
        number = cabinet.cards.find(int(item))
        if number is None:
            raise Refusal(400, "nmID not found")
        wrong = _wrong(content)
        if wrong:
            raise Refusal(400, wrong)
        card = cabinet.cards.load(number)
        if _is_video(content):
            if place != "1":
                raise Refusal(400, "X-Photo-Number of a video must be 1")
            card["video"] = video(int(item))
        else:
            photos = card["photos"]
            count = len(photos) if isinstance(photos, list) else 0
            if not int(place):
                raise Refusal(400, "X-Photo-Number must be at least 1")
            # A number beyond the last picture adds one.
            if int(place) > count and count >= MAX_PHOTOS:
                raise Refusal(400, f"Maximum {MAX_PHOTOS} photos")
            card["photos"] = _photos(int(item), max(count, min(int(place), count + 1)))
        cabinet.cards.save(number, card)
        cabinet.effects["media"] += 1
        return _taken()

    async def save(self, call: Call) -> Answer:
        """`POST /content/v3/media/save`: replaces all media of a card.

        A set that breaks the requirements is answered 200 and changes nothing, as documented.
        """
        body = await body_of(call, _Links)
        if body is None:
            raise Refusal(400, replies.BAD_REQUEST)
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
            return _taken()
        card = cabinet.cards.load(number)
        card["photos"] = _photos(body.nm_id, photos)
        card.pop("video", None)
        if videos:
            card["video"] = video(body.nm_id)
        cabinet.cards.save(number, card)
        cabinet.effects["media"] += 1
        return _taken()


def _photos(nm: int, count: int) -> list[Json]:
    return [photo(nm, place + 1) for place in range(count)]


def _taken() -> Answer:
    return json_answer({"data": {}, "error": False, "errorText": "", "additionalErrors": None})


def _is_video(content: bytes) -> bool:
    return content[4:8] in {b"ftyp", b"moov"}


def _wrong(content: bytes) -> str | None:
    """Why a file does not meet the requirements."""
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
    """The uploaded file."""
    request = call.request
    if not request.content_type.startswith("multipart/"):
        raise _broken()
    content = bytearray()
    found = False
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise _broken()
            found = found or part.name == "uploadfile"
            while chunk := await part.read_chunk(1 << 16):
                # The rest of a file that is too large is read and thrown away.
                if part.name == "uploadfile" and len(content) <= MAX_VIDEO:
                    content += chunk
    except (ValueError, AssertionError) as error:
        raise _broken() from error
    if not found:
        raise Refusal(400, "uploadfile is required")
    return bytes(content)


def _broken() -> Refusal:
    text = Body(b"Invalid 'boundary' for 'multipart/form-data' request")
    return Refusal(400, answer=Answer(400, text, "plain/text"))
