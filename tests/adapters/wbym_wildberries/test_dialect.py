"""What Wildberries' error bodies mean."""

import pytest

from tests.support.fakes import ScriptedTransport, json_response
from wbym.calls import Endpoint, Json
from wbym.errors import (
    BadRequest,
    Conflict,
    CredentialError,
    Forbidden,
    MissingScope,
    NotFound,
    StatusError,
    Unauthorized,
    Unprocessable,
    WbymError,
)
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._token import Category
from wbym_wildberries.simulator import make_token

READ: Endpoint[object] = Endpoint(
    name="mine",
    method="GET",
    host="feedbacks",
    path="/own",
    reply=Json(object, lambda body: body),
    buckets=("feedbacks-and-questions",),
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
)


def problem(detail: str, title: str = "no") -> dict[str, object]:
    """The gateway's shape, and that of chats and claims."""
    return {"title": title, "detail": detail, "requestId": "r", "origin": "s2s-api-auth"}


def envelope(text: str, more: object = None) -> dict[str, object]:
    """The shape of feedbacks and content."""
    return {"data": None, "error": True, "errorText": text, "additionalErrors": more}


async def error_of(status: int, body: object) -> WbymError:
    transport = ScriptedTransport(*[json_response(body, status=status)] * 8)
    shop = Wildberries(make_token(), transport=transport, scheduler=Scheduler())
    with pytest.raises(WbymError) as caught:
        await shop.call(READ)
    return caught.value


@pytest.mark.parametrize(
    "detail", ["token scope not allowed", "Token scope is not allowed", "scope: not allowed"]
)
async def test_error_when_the_token_lacks_the_category(detail: str) -> None:
    for body in (problem(detail), problem("see title", detail), envelope(detail)):
        error = await error_of(401, body)
        assert isinstance(error, MissingScope)
        assert isinstance(error, Unauthorized)
        assert (error.status, error.account) == (401, "wildberries")


@pytest.mark.parametrize(
    ("status", "detail", "kind"),
    [
        (401, "token problem; token is expired", Unauthorized),
        (401, "access token withdrawn", Unauthorized),
        (401, "user not found", Unauthorized),
        (403, "base token is not allowed", Forbidden),
    ],
)
async def test_error_when_the_token_is_rejected(
    status: int, detail: str, kind: type[StatusError]
) -> None:
    error = await error_of(status, problem(detail))
    assert type(error) is kind
    assert not isinstance(error, CredentialError)


@pytest.mark.parametrize("status", [200, 400, 404, 410, 422])
@pytest.mark.parametrize(
    "text",
    [
        "Не найден отзыв",
        "Карточка товара не найдена",
        "Такого ярлыка не существует",
        "Claim not found.",
        "nmID not found",
        "This category does not exist",
        "user is not in current supplier",
        "UUID parsing failed",
        "The Id field is not a valid UUID.",
    ],
)
async def test_error_when_an_id_is_unknown(status: int, text: str) -> None:
    bodies = [envelope(text), envelope("Bad request", {"7": text})]
    if status != 200:
        bodies += [problem(text), problem("see title", text), {"code": "X", "message": text}]
    for body in bodies:
        if status == 200:
            transport = ScriptedTransport(json_response(body))
            shop = Wildberries(make_token(), transport=transport, scheduler=Scheduler())
            with pytest.raises(NotFound):
                await shop.api.questions.count_unanswered()
        else:
            error = await error_of(status, body)
            assert type(error) is NotFound
            assert error.status == status


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "text length must be between 2 and 5000", BadRequest),
        (400, "Ярлык с таким именем уже существует", BadRequest),
        (409, "Not found", Conflict),  # one of several records
        (422, "Вопрос нельзя изменить", Unprocessable),
    ],
)
async def test_error_when_the_input_is_rejected(
    status: int, text: str, kind: type[StatusError]
) -> None:
    assert type(await error_of(status, problem(text))) is kind


async def test_download_when_the_file_is_unknown() -> None:
    transport = ScriptedTransport(json_response(problem("invalid fileID"), status=400))
    shop = Wildberries(make_token(), transport=transport, scheduler=Scheduler())
    with pytest.raises(NotFound, match="invalid fileID"):
        async with shop.api.chats.download("4711"):
            pass
