"""``ya-market-api``: asyncio over aiohttp; pydantic models with Arrow dates.

The host is a setting; its paths have no version, so that belongs to the host. A feedback whose
list of photos or videos is null, as the specification allows, fails its whole page; so these two
fields of its model are widened here.
"""

from arrow import utcnow  # type: ignore[import-not-found]
from ya_market_api.async_api import AsyncAPI  # type: ignore[import-not-found]
from ya_market_api.feedback.dataclass import (  # type: ignore[import-not-found]
    FeedbackListRequest,
)
from ya_market_api.feedback.dataclass import list as models

from benchmarks.contenders.harness import Job, Tally, main


def _allow_nulls() -> None:
    for name in ("photos", "videos"):
        models.FeedbackMedia.model_fields[name].annotation = list[str] | None
    for model in (models.FeedbackMedia, models.Feedback, models.ResponseResult, models.Response):
        model.model_rebuild(force=True)


async def _market(job: Job, tally: Tally) -> None:
    _allow_nulls()
    until = utcnow().shift(minutes=1)
    since = until.shift(days=-180)
    token: str | None = None
    tally.start()
    api = await AsyncAPI.build(job.tokens[0], base_url=f"{job.url}/v2", business_id=job.business)
    while True:
        answer = await api.feedback.get_feedback_list(
            FeedbackListRequest(
                limit=job.take, page_token=token, datetime_from=since, datetime_to=until
            )
        )
        for feedback in answer.result.feedbacks:
            tally.records += 1
            tally.ratings += feedback.statistics.rating
        token = answer.result.paging and answer.result.paging.next_page_token
        if not token:
            break
    await api.close()


if __name__ == "__main__":
    main({"market": _market})
