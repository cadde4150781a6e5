"""Neutral records in files: JSON lines, CSV and Parquet, added to from run to run.

``await Export(accounts, Noun.FEEDBACKS, Path("feedbacks.parquet"), since=...).run()``. What the
columns are is in :data:`LAYOUTS`.
"""

from wbym.export.layout import LAYOUTS, Column, Kind, Layout, Noun
from wbym.export.reading import AccountProgress, Stage
from wbym.export.run import OVERLAP, Export, Exported
from wbym.export.suffixes import Suffix
from wbym.later import public

__all__ = [
    "LAYOUTS",
    "OVERLAP",
    "AccountProgress",
    "Column",
    "Export",
    "Exported",
    "Kind",
    "Layout",
    "Noun",
    "Stage",
    "Suffix",
]

public(__name__, __all__)
