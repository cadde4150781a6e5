"""Media, tags, directories and recommendations: bounds, lists, requests."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters.wbym_wildberries.api.products import scripted_with
from tests.adapters.wbym_wildberries.api.scripted import body_of, enveloped
from tests.support.fakes import json_response
from wbym.calls import Part, Upload
from wbym.errors import InvalidInput
from wbym_wildberries.api.content import Content
from wbym_wildberries.api.content.media import MAX_IMAGE_SIZE, MAX_VIDEO_SIZE, media_type
from wbym_wildberries.api.content.recommendations import NewRecommendations, Recommended

PNG = b"\x89PNG\r\n\x1a\n"
MP4 = b"\x00\x00\x00\x20ftypisom"
BIG_IMAGE = PNG + bytes(MAX_IMAGE_SIZE - len(PNG))
BIG_VIDEO = MP4 + bytes(MAX_VIDEO_SIZE - len(MP4))

Call = Callable[[Content], Awaitable[object]]


def recommended(*nm_ids: int, sort: int = 0) -> list[Recommended]:
    return [Recommended(recom_nm=nm_id, sort=sort) for nm_id in nm_ids]


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda api: api.tags.create("я" * 16, "D1CFD7"), "name must have 1 to 15 char"),
            (lambda api: api.tags.create("", "D1CFD7"), "1 to 15 characters"),
            (lambda api: api.tags.create("Весна", "000000"), "color must be one of 'D1CFD7'"),
            (lambda api: api.tags.update(1, "я" * 16, "D1CFD7"), "1 to 15 characters"),
            (lambda api: api.tags.link(1, [*range(16)]), "0 to 15 values"),
            (lambda api: api.media.replace(1, []), "1 to 31 values"),
            (lambda api: api.media.replace(1, ["https://a"] * 32), "1 to 31 values"),
            (
                lambda api: api.media.replace(1, ["https://a", "a.ru/1.jpg"]),
                r"links\[1\] must begin with https",
            ),
            (lambda api: api.media.upload(1, 31, Upload("a", PNG)), "from 1 to 30"),
            (lambda api: api.media.upload(1, 0, Upload("a", PNG)), "from 1 to 30"),
            (lambda api: api.media.upload(1, 2, Upload("a", MP4)), "number must be 1 for a video"),
            (lambda api: api.media.upload(1, 1, Upload("a", b"%PDF-1.7")), "file must be JPG"),
            (
                lambda api: api.media.upload(1, 1, Upload("a", BIG_IMAGE + b"0")),
                "at most 33554432 bytes",
            ),
            (
                lambda api: api.media.upload(1, 1, Upload("a", BIG_VIDEO + b"0")),
                "at most 52428800 bytes",
            ),
            (lambda api: api.directories.subjects().using(size=1001).page(), "from 1 to 1000"),
            (lambda api: api.directories.subjects().using(cursor="-1").page(), "a cursor of"),
            (lambda api: api.directories.brands(105).using(cursor="x").page(), "a cursor of"),
            (lambda api: api.directories.brands(105).using(size=5).page(), "size is not supported"),
            (lambda api: api.recommendations.list().using(size=5001).page(), "from 1 to 5000"),
            (lambda api: api.recommendations.list().using(cursor="x").page(), "a cursor of"),
            (lambda api: api.recommendations.list(search="я" * 73), "0 to 72"),
            (lambda api: api.recommendations.list(brand_names=["a"] * 31), "0 to 30"),
            (lambda api: api.recommendations.list(subject_ids=[1] * 31), "0 to 30"),
            (lambda api: api.recommendations.set([]), "1 to 5000 values"),
            (
                lambda api: api.recommendations.set(
                    [NewRecommendations(nm_id=1, recommendations=recommended(*range(21)))]
                ),
                r"products\[0\]\.recommendations must have 0 to 20 values",
            ),
            (
                lambda api: api.recommendations.set(
                    [NewRecommendations(nm_id=1, recommendations=recommended(2, sort=21))]
                ),
                r"products\[0\]\.recommendations\[0\]\.sort must be from 0 to 20",
            ),
        ],
    )
    async def test_call_when_it_breaks_a_rule(self, call: Call, rule: str) -> None:
        shop, transport = scripted_with()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop.api.content)
        assert transport.requests == []


class TestMedia:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (PNG, "image/png"),
            (b"BM....", "image/bmp"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
            (MP4, "video/mp4"),
            (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
            (b"\x00\x00\x00\x08moov", "video/quicktime"),
            (BIG_IMAGE, "image/png"),
            (BIG_VIDEO, "video/mp4"),
            (b"%PDF-1.7", None),
        ],
        ids=range(11),
    )
    def test_type_is_detected_by_content(self, content: bytes, kind: str | None) -> None:
        assert media_type(Upload("file", content)) == kind

    @pytest.mark.parametrize(
        ("number", "content", "kind"), [(30, PNG, "image/png"), (1, MP4, "video/mp4")]
    )
    async def test_upload_when_sent(self, number: int, content: bytes, kind: str) -> None:
        shop, transport = scripted_with(enveloped(None))
        await shop.api.content.media.upload(7, number, Upload("файл", content))
        (request,) = transport.requests
        assert request.parts == (Part("uploadfile", content, "файл", kind),)
        assert request.body is None
        assert request.headers["X-Nm-Id"] == "7"
        assert request.headers["X-Photo-Number"] == str(number)

    async def test_links_when_sent(self) -> None:
        shop, transport = scripted_with(enveloped(None))
        await shop.api.content.media.replace(7, ["https://example.com/1.jpg"])
        assert body_of(transport.requests[0]) == {"nmId": 7, "data": ["https://example.com/1.jpg"]}


class TestTags:
    async def test_requests_of_each_tags_method(self) -> None:
        shop, transport = scripted_with(*[enveloped(None)] * 4)
        tags = shop.api.content.tags
        await tags.create("Весна", "D1CFD7")
        await tags.update(5, "Осень", "FFECC7")
        await tags.link(7, [5])
        await tags.delete(5)
        sent = [(one.method, urlsplit(one.url).path, body_of(one)) for one in transport.requests]
        assert sent == [
            ("POST", "/content/v2/tag", {"name": "Весна", "color": "D1CFD7"}),
            ("PATCH", "/content/v2/tag/5", {"name": "Осень", "color": "FFECC7"}),
            ("POST", "/content/v2/tag/nomenclature/link", {"nmID": 7, "tagsIDs": [5]}),
            ("DELETE", "/content/v2/tag/5", None),
        ]


class TestLists:
    async def test_brands_when_there_are_several_pages(self) -> None:
        shop, transport = scripted_with(
            json_response({"brands": [{"id": 1}, {"id": 2}], "next": 2, "total": 3}),
            json_response({"brands": [{"id": 3}], "total": 3}),
        )
        found = await shop.api.content.directories.brands(105).all()
        assert [brand.id for brand in found] == [1, 2, 3]
        assert transport.requests[1].url.endswith("/brands?subjectId=105&next=2")

    async def test_subjects_when_there_are_several_pages(self) -> None:
        shop, transport = scripted_with(
            json_response({"data": [{"subjectID": n} for n in range(1000)]}),
            json_response({"data": [{"subjectID": 1000}]}),
        )
        found = await shop.api.content.directories.subjects(name="Носки", parent_id=7).all()
        assert len(found) == 1001
        assert parse_qs(urlsplit(transport.requests[1].url).query) == {
            "name": ["Носки"],
            "parentID": ["7"],
            "limit": ["1000"],
            "offset": ["1000"],
        }

    async def test_recommendations_when_there_are_several_pages(self) -> None:
        shop, transport = scripted_with(
            json_response({"data": [{"nmId": n} for n in range(1, 5001)], "next": 5000}),
            json_response({"data": [{"nmId": 5001}], "next": 5001}),
        )
        found = await shop.api.content.recommendations.list(subject_ids=[105]).all()
        assert len(found) == 5001
        assert [body_of(request) for request in transport.requests] == [
            {"subjectIds": [105], "limit": 5000},
            {"subjectIds": [105], "limit": 5000, "next": 5000},
        ]

    async def test_recommendations_when_sent(self) -> None:
        shop, transport = scripted_with(json_response({"isError": False}))
        products = [
            NewRecommendations(nm_id=1, recommendations=recommended(2, 3, sort=1)),
            NewRecommendations(nm_id=4, recommendations=[]),
        ]
        await shop.api.content.recommendations.set(products, replace=True)
        assert body_of(transport.requests[0]) == {
            "recList": [
                {
                    "nmId": 1,
                    "recommendations": [{"recomNm": 2, "sort": 1}, {"recomNm": 3, "sort": 1}],
                },
                {"nmId": 4, "recommendations": []},
            ],
            "replace": True,
        }
