"""Buyers' files, downloaded from addresses in Market's records."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from wbym.calls import Download, Pipeline
from wbym.domain import Attachment
from wbym.errors import Forbidden, InvalidInput, StatusError, Unauthorized
from wbym_yandex_market._dialect import YandexMarketDialect

__all__ = ["open_file"]

_HINT = "Market may deny buyers' files to an Api-Key: give the account an OAuth token (oauth=)"


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
        except (Unauthorized, Forbidden) as error:
            raise _explained(error) from error
        yield file


def _explained(error: StatusError) -> StatusError:
    return type(error)(
        f"{error.message}; {_HINT}",
        marketplace=error.marketplace,
        account=error.account,
        endpoint=error.endpoint,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        retry_after=error.retry_after,
        body=error.body,
    )
