"""Export of neutral records to JSON lines, CSV and Parquet files, updated from run to run.

``await Export(accounts, Noun.FEEDBACKS, Path("feedbacks.parquet"), since=...).run()``. The columns
are in :data:`LAYOUTS`.
"""

from wbym._exports import show_exports
from wbym.export._layout import LAYOUTS, Column, Kind, Layout, Noun
from wbym.export._reading import AccountProgress, Stage
from wbym.export._run import OVERLAP, Export, Exported
from wbym.export._suffixes import Suffix

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

show_exports(__name__, __all__)
