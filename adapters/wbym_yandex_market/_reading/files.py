"""Buyers' files, which are read from addresses that Market gives."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from wbym.calls import Download, Pipeline
from wbym.domain import Attachment
from wbym.errors import Forbidden, InvalidInput, StatusError, Unauthorized
from wbym_yandex_market._dialect import YandexMarketDialect

__all__ = ["open_file"]

_HINT = "Market may refuse buyers' files to an Api-Key: give the account an OAuth token (oauth=)"


@asynccontextmanager
async def open_file(
    pipeline: Pipeline, dialect: YandexMarketDialect, attachment: Attachment
) -> AsyncIterator[Download]:
    """Open a file of a message; see ``YandexMarket.download``."""
    if not attachment.url:
        raise InvalidInput("download", "attachment", "must have an address", attachment)
    endpoint = dialect.file(attachment.url)
    async with AsyncExitStack() as stack:
        try:
            file = await stack.enter_async_context(pipeline.download(endpoint))
        except (Unauthorized, Forbidden) as refused:
            raise _explained(refused) from refused
        yield file


def _explained(refused: StatusError) -> StatusError:
    return type(refused)(
        f"{refused.message}; {_HINT}",
        marketplace=refused.marketplace,
        account=refused.account,
        endpoint=refused.endpoint,
        status=refused.status,
        code=refused.code,
        request_id=refused.request_id,
        retry_after=refused.retry_after,
        body=refused.body,
    )
