from __future__ import annotations

import struct

import pytest

from .cards import IMAGE, VIDEO, card, multipart, read_all
from .conftest import Api, Json, Reply, Run

FILE = "/content/v3/media/file"
SAVE = "/content/v3/media/save"
MEGABYTE = 1024 * 1024


async def upload(api: Api, nm: object, place: object, content: bytes) -> Reply:
    headers = {"X-Nm-Id": str(nm), "X-Photo-Number": str(place)}
    return await api.call("POST", FILE, headers=headers, data=multipart(content))


async def with_photos(api: Api, count: int) -> Json:
    return next(one for one in await read_all(api) if len(one["photos"]) == count)


async def test_file_is_added_or_replaced(run: Run) -> None:
    simulator, api = await run(cards=200)
    nm = (await with_photos(api, 2))["nmID"]
    assert (await upload(api, nm, 9, IMAGE)).json["data"] == {}
    assert len((await card(api, nm))["photos"]) == 3
    assert (await upload(api, nm, 1, IMAGE)).status == 200
    photos = (await card(api, nm))["photos"]
    assert len(photos) == 3
    assert set(photos[2]) == {"big", "c246x328", "c516x688", "square", "tm"}
    assert photos[2]["big"].endswith(f"/{nm}/images/big/3.webp")
    assert (await upload(api, nm, 1, VIDEO)).status == 200
    assert str(nm) in (await card(api, nm))["video"]
    assert simulator.stats.effects["media"] == 3


async def test_card_has_at_most_thirty_pictures(run: Run) -> None:
    _, api = await run()
    nm = (await with_photos(api, 0))["nmID"]
    links = [f"https://example.com/{n}.jpg" for n in range(30)]
    assert (await api.post(SAVE, {"nmId": nm, "data": links})).status == 200
    assert (await upload(api, nm, 31, IMAGE)).json["errorText"] == "Maximum 30 photos"
    assert (await upload(api, nm, 30, IMAGE)).status == 200
    assert len((await card(api, nm))["photos"]) == 30


@pytest.mark.parametrize(
    ("nm", "place", "content", "text"),
    [
        (1, 1, IMAGE, "nmID not found"),
        ("x", 1, IMAGE, "Invalid X-Nm-Id"),
        ("", 1, IMAGE, "Invalid X-Nm-Id"),
        (987_654_321, "", IMAGE, "X-Photo-Number"),
        (987_654_321, 0, IMAGE, "at least 1"),
        (987_654_321, 2, VIDEO, "must be 1"),
        (987_654_321, 1, b"%PDF-1.7", "Unsupported media format"),
        (987_654_321, 1, b"\xff\xd8\xff" + bytes(32 * MEGABYTE), "32 MB"),
        (987_654_321, 1, VIDEO + bytes(50 * MEGABYTE), "50 MB"),
        (987_654_321, 1, IMAGE[:16] + struct.pack(">II", 699, 900), "700 x 900"),
        (987_654_321, 1, b"GIF89a" + struct.pack("<HH", 700, 899), "700 x 900"),
    ],
)
async def test_invalid_file_is_400(
    run: Run, nm: object, place: object, content: bytes, text: str
) -> None:
    simulator, api = await run()
    reply = await upload(api, nm, place, content)
    assert reply.status == 400
    assert text in reply.json["errorText"]
    assert not simulator.stats.effects


async def test_form_without_a_file_is_400(run: Run) -> None:
    _, api = await run()
    headers = {"X-Nm-Id": "987654321", "X-Photo-Number": "1"}
    reply = await api.call("POST", FILE, headers=headers, data=multipart(IMAGE, "file"))
    assert reply.json["errorText"] == "uploadfile is required"
    reply = await api.call("POST", FILE, headers=headers, data=b"x")
    assert (reply.status, reply.headers["Content-Type"]) == (400, "plain/text")
    headers["Content-Type"] = "multipart/form-data"
    reply = await api.call("POST", FILE, headers=headers, data=b"x")
    assert reply.raw == b"Invalid 'boundary' for 'multipart/form-data' request"


async def test_links_replace_all_media(run: Run) -> None:
    _, api = await run(cards=200)
    nm = (await with_photos(api, 5))["nmID"]
    links = ["https://example.com/a.jpg", "https://example.com/b.MP4?x=1", "http://example.com/c"]
    reply = await api.post(SAVE, {"nmId": nm, "data": links})
    assert (reply.status, reply.json["data"]) == (200, {})
    after = await card(api, nm)
    assert len(after["photos"]) == 2
    assert "video" in after
    await api.post(SAVE, {"nmId": nm, "data": []})
    after = await card(api, nm)
    assert after["photos"] == []
    assert "video" not in after


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({"nmId": 1, "data": []}, 400),
        ({"data": []}, 422),
        ({"nmId": 987_654_321, "data": ["ftp://example.com/a.jpg"]}, 409),
        ({"nmId": 987_654_321, "data": ["https://example.com/a.html"]}, 409),
    ],
)
async def test_invalid_links_are_rejected(run: Run, body: Json, status: int) -> None:
    simulator, api = await run()
    reply = await api.post(SAVE, body)
    assert reply.status == status
    assert reply.json["error"] is True
    assert not simulator.stats.effects


@pytest.mark.parametrize(
    "links",
    [
        [f"https://example.com/{n}.jpg" for n in range(31)],
        ["https://example.com/a.mp4", "https://example.com/b.mov"],
    ],
)
async def test_set_that_breaks_the_requirements_is_200_without_effect(
    run: Run, links: list[str]
) -> None:
    simulator, api = await run()
    before = await card(api, 987_654_321)
    assert (await api.post(SAVE, {"nmId": 987_654_321, "data": links})).status == 200
    assert await card(api, 987_654_321) == before
    assert simulator.stats.ignored["media"] == 1
