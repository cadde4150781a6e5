"""Bounds of operations that the capabilities and the mapping use too."""

from typing import Final

from wbym.calls import FileType, Length, MaxSize

__all__ = [
    "ANSWER",
    "COMMENT",
    "COMMENT_ALLOWED",
    "COMMENT_REQUIRED",
    "EARLIEST_STAMP",
    "FEEDBACKS_PAGE",
    "FEEDBACKS_REACH",
    "FILES_SIZE",
    "FILE_SIZE",
    "FILE_TYPE",
    "LATEST_STAMP",
    "MESSAGE",
    "QUESTIONS_PAGE",
    "QUESTIONS_REACH",
]

MESSAGE: Final = Length(0, 1000)
FILE_TYPE: Final = FileType(("image/jpeg", "image/png", "application/pdf"))
FILE_SIZE: Final = MaxSize(5 * 1024 * 1024)
FILES_SIZE: Final = MaxSize(30 * 1024 * 1024)
EARLIEST_STAMP: Final = 788_918_400_000
"""The year 1995 in Unix milliseconds; no message is older."""
LATEST_STAMP: Final = 253_402_300_799_999
"""The last millisecond of the year 9999. An event with a later time, such as one in microseconds,
has no place in the feed: it is undecodable."""

ANSWER: Final = Length(2, 5000)
"""Characters of an answer to a feedback or a question, and of a question's rejection."""

QUESTIONS_PAGE: Final = 10_000
QUESTIONS_REACH: Final = 10_000
FEEDBACKS_PAGE: Final = 5000
FEEDBACKS_REACH: Final = 199_990
"""How deep WB pages a list; for feedbacks the max ``skip``."""

COMMENT: Final = Length(10, 1000)
COMMENT_REQUIRED: Final = frozenset({"rejectcustom"})
COMMENT_ALLOWED: Final = frozenset({"rejectcustom", "approvecc1"})
"""Actions on a claim that require a comment, and actions that allow one."""
