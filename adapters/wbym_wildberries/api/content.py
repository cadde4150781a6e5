"""Content: cards and what belongs to them, by noun."""

from typing import Final

from wbym.calls import Group, Pipeline
from wbym.limits import Priority
from wbym_wildberries.api import card_tasks, directories, media, recommendations, tags

__all__ = ["GROUPS", "Content"]

GROUPS: Final[tuple[type[Group], ...]] = (
    directories.Directories,
    card_tasks.CardTasks,
    media.Media,
    tags.Tags,
    recommendations.Recommendations,
)


class Content:
    """``api.content``."""

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self.directories = directories.Directories(pipeline, priority)
        self.cards = card_tasks.CardTasks(pipeline, priority)
        self.media = media.Media(pipeline, priority)
        self.tags = tags.Tags(pipeline, priority)
        self.recommendations = recommendations.Recommendations(pipeline, priority)
