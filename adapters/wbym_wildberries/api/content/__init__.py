"""Content: cards, media, tags, directories and recommendations."""

from typing import Final

from wbym.calls import Group, Pipeline
from wbym.limits import Priority
from wbym_wildberries.api.content import cards, directories, media, recommendations, tags

__all__ = ["GROUPS", "Content"]

GROUPS: Final[tuple[type[Group], ...]] = (
    directories.Directories,
    cards.Cards,
    media.Media,
    tags.Tags,
    recommendations.Recommendations,
)


class Content:
    """``api.content``."""

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self.directories = directories.Directories(pipeline, priority)
        self.cards = cards.Cards(pipeline, priority)
        self.media = media.Media(pipeline, priority)
        self.tags = tags.Tags(pipeline, priority)
        self.recommendations = recommendations.Recommendations(pipeline, priority)
