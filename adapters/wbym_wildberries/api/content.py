"""Content: cards and what belongs to them, by noun."""

from wbym.calls import Pipeline
from wbym.limits import Priority
from wbym_wildberries.api import card_tasks, cards, directories, media, recommendations, tags

__all__ = ["ENDPOINTS", "Content"]

ENDPOINTS = (
    *directories.ENDPOINTS,
    *cards.ENDPOINTS,
    *media.ENDPOINTS,
    *tags.ENDPOINTS,
    *recommendations.ENDPOINTS,
)


class Content:
    """``api.content``."""

    def __init__(self, pipeline: Pipeline, priority: Priority | None = None) -> None:
        self.directories = directories.Directories(pipeline, priority)
        self.cards = card_tasks.CardTasks(pipeline, priority)
        self.media = media.Media(pipeline, priority)
        self.tags = tags.Tags(pipeline, priority)
        self.recommendations = recommendations.Recommendations(pipeline, priority)
