"""Intended differences from the published files, each with its evidence.

A line that is found no more makes the check fail too, so that the table never outlives its reasons.
Seeds are the older documents beside the files; what a file does not say, they may.
"""

import re
from typing import Final

import msgspec

from tests.drift.differences import Difference

__all__ = ["KNOWN", "Known"]


class Known(msgspec.Struct, frozen=True):
    """One known deviation, or several with one reason."""

    operation: str
    """The operation in the report; ``*`` matches anything."""
    line: str
    """The difference in the report; ``*`` matches anything."""
    why: str

    def explains(self, one: Difference) -> bool:
        """Whether the deviation explains this difference."""
        return _like(self.operation, one.operation) and _like(self.line, str(one))


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def _wb(operation: str, line: str, why: str) -> Known:
    return Known(f"wildberries {operation}", line, why)


def _ym(operation: str, line: str, why: str) -> Known:
    return Known(f"yandex_market {operation}", line, why)


_PAGE = "one Struct reads the same record, or page, of two methods, and the file drew them apart"
_ENVELOPE = "one Struct reads the envelope of all services, and each file names its own part of it"
_PERMITS = "marketplaces.md: cards have it since October 2026, and the file is of August"
_CHAT_SEED = "seed 000, chats: the field is in the samples; the file has it no more"
_UNSAID = "the file leaves the number out; seed 004 has it"
_OCTOBER = "since October 2026, which is after the file (marketplaces.md)"

KNOWN: Final[tuple[Known, ...]] = (
    # --- Wildberries: replies
    _wb("*", "- reply.requestId: string", _ENVELOPE),
    _wb("*", "- reply.additionalErrors: of an unknown type", _ENVELOPE),
    _wb("*", "- reply.error: boolean", _ENVELOPE),
    _wb("*", "- reply.errorText: string", _ENVELOPE),
    _wb("GET /api/v1/feedbacks/archive", "- reply.data.count*: integer", _PAGE),
    _wb("GET /api/v1/question*", "- reply.data.*roductDetails.size: string", _PAGE),
    _wb(
        "POST /api/v3/stocks/{warehouseId}",
        "- reply.stocks[].sku: string",
        "the Struct also reads what a refused update names, by barcode in the file's examples",
    ),
    _wb(
        "GET /content/v2/tags",
        "~ reply.data: may be object, and we read array",
        "the schema lacks the list; the file's example of the same reply has it",
    ),
    _wb("GET /api/v1/seller-info", "- reply.country: string", _OCTOBER),
    _wb(
        "GET /api/v2/*/tasks",
        "- reply.data.errorText: string",
        "no field of WB's: it is filled from the envelope's errorText, which seed 004 has beside",
    ),
    _wb(
        "POST /content/v2/cards/*",
        "+ reply.additionalErrors: has error, string; we accept anything",
        "seed 004 has null there and the file an object or a text: any shape is put into words",
    ),
    _wb("GET /api/v1/seller/*", "- reply.result*.clientID: string", _CHAT_SEED),
    _wb("GET /api/v1/seller/*", "- reply.result*.goodCard.date: string", _CHAT_SEED),
    _wb("GET /api/v1/seller/*", "- reply.result*.goodCard.statusID: integer", _CHAT_SEED),
    _wb("POST /content/v2/get/cards/list", "- reply.cards[].documents*", _PERMITS),
    _wb("POST /content/v2/get/cards/list", "- reply.cards[].gtin: *", _PERMITS),
    _wb(
        "GET /api/common/v1/tariff-constructor/options",
        "- reply.packages[].options[].*",
        "the Struct is that of the options beside the packages, which have all of these",
    ),
    # --- Wildberries: requests
    _wb("POST /content/v2/cards/up*", "- body*.documents*", _PERMITS),
    _wb("POST /content/v2/cards/up*", "- body*.gtin: *", _PERMITS),
    _wb(
        "POST /content/v2/cards/update",
        "- body[].original: string",
        "never sent: the card as it was read, which what is said of it is laid over",
    ),
    _wb(
        "POST /content/v2/cards/update",
        "- body[].characteristics[].name: string",
        "never sent: an update takes the values of a card as they were read, without their names",
    ),
    _wb(
        "POST /content/v2/cards/update",
        "~ body[].characteristics[].value: is required, and optional here",
        "what was read without a value goes back as it was read",
    ),
    _wb(
        "POST /content/v2/cards/update",
        "- body[].wholesale*",
        "the file says to send all that a card has and is not to lose, and cards have it",
    ),
    _wb(
        "GET /api/feedbacks/v1/pins*",
        "~ query.feedbackId: is integer, and we send *",
        "ids of feedbacks are texts in the file's own replies (PinnedReviewItemResult.feedbackId)",
    ),
    _wb(
        "POST /api/content/v1/recommendations/list",
        "~ body.limit: min 0 in the file, 1 here",
        "a page of none says nothing and never ends",
    ),
    # --- Wildberries: bounds that are told elsewhere
    _wb(
        "GET /api/v1/feedbacks/archive",
        "- query.skip: at most 199990; *",
        "told of the same parameter of GET /api/v1/feedbacks, in the same file",
    ),
    _wb("* /api/v1/feedbacks/answer", "- body.text: at most 5000; *", "seed 000: 2 to 5,000"),
    _wb(
        "PATCH /api/v1/questions",
        "- body.answer.text: at most 5000; *",
        "the file has no bound here; marketplaces.md bounds answers of both nouns so",
    ),
    _wb("PATCH /content/v2/tag/{id}", "- body.name: at most 15; *", _UNSAID),
    _wb(
        "POST /content/v3/media/save",
        "- body.data: at most 31; *",
        "the file says 30 images and one video for each card",
    ),
    _wb(
        "POST /api/discounts-prices/v1/upload/task/b2b/wholesale",
        "- body.data[].wholesaleDiscountThreshold: at most 3; *",
        "the file's example MaximumNumberOfLevels: 3 levels",
    ),
    _wb(
        "POST /api/v2/upload/task*",
        "- body.data[].*iscount: at most 99; *",
        "percent: a discount of 100 leaves no price, and the file's example InvalidDiscountValue"
        " refuses without saying where the bounds are",
    ),
    _wb(
        "POST /api/v1/invite",
        "- body.invite.phoneNumber: at most 32; *",
        "no telephone number is longer (ITU-T E.164: 15 digits)",
    ),
    # --- Wildberries: limits
    _wb("DELETE /api/v3/stocks/{warehouseId}", "~ cost of 4*: [1] *, 10 here", _OCTOBER),
    _wb(
        "GET /ping",
        "~ *limit for *: *3 *30 s*[Quota(limit=1, period=30, burst=3)] here",
        "marketplaces.md: 3 in any 30 s, or a block; a bucket that gives back three lets six go",
    ),
    _wb(
        "POST /content/v2/cards/error/list",
        "~ sharing: *content.cards.failed, content.cards.limits",
        "the file gives the two different limits, which one bucket cannot have",
    ),
    # --- Yandex Market
    _ym(
        "*",
        "- reply.errors: array",
        "ApiErrorResponse in the same file has them: one Struct reads both",
    ),
    _ym("* /v2/campaigns*", "- reply.status: string", _ENVELOPE),
    _ym("*", "- reply.result: of an unknown type", _ENVELOPE),
    _ym(
        "POST /v2/campaigns/*/returns/{returnId}/decision",
        "- body.decisionReasonType: string",
        "the Struct is that of decision/submit; our method refuses a reason before any request",
    ),
    _ym(
        "POST /v2/campaigns/*/returns/{returnId}/decision*",
        "~ body*.compensation.currencyId: is required, and optional here",
        "the Struct is that of replies; our methods refuse a compensation without it",
    ),
    _ym(
        "POST /v2/businesses/{businessId}/goods-feedback",
        "- body.ratingValues[]: at most 5; *",
        "marketplaces.md and the file's GoodsFeedbackStatisticsDTO: a rating is 1 to 5",
    ),
)
