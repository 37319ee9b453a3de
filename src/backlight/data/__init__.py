"""What are the rows, and what does the network receive of them?

    source → read → Dataset → prepare → Prepared (task, parts, fitted preprocessing)

Splits come first; whatever is fitted is fitted on training rows alone.
"""

from .augment import Augmentation
from .batches import Batches
from .columns import Column
from .dataset import Dataset
from .labels import labelled
from .prepare import Part, Prepared, prepare
from .preprocessing import Preprocessing
from .sources import SOURCES, read
from .sources.memory import from_arrays

__all__ = [
    "SOURCES",
    "Augmentation",
    "Batches",
    "Column",
    "Dataset",
    "Part",
    "Prepared",
    "Preprocessing",
    "from_arrays",
    "labelled",
    "prepare",
    "read",
]
