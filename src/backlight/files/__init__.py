"""The run folder's formats: names of files, JSON, history.csv; written so that a crash leaves no half-written file.

Reading and writing the parts that hold a network or settings is the business of the rooms that know them.
"""

from .folder import (
    CHECKPOINTS,
    CONSIDERED,
    EVALUATION,
    FACTS,
    FINDINGS,
    HISTORY,
    MODEL,
    NETWORK,
    PREPROCESSING,
    PROOF,
    REPORT,
    RUN,
    RUNS,
    SIGNALS,
    WALK,
    check_free,
    create,
    require_findings,
    require_run,
    slug,
)
from .history import EPOCH_COLUMNS, add_epochs, begin_history, read_history, save_history
from .plain import parse_json, plain, read_json, to_json_text, write_json
from .writing import write, write_csv, write_tensors, write_text

__all__ = [
    "CHECKPOINTS",
    "CONSIDERED",
    "EPOCH_COLUMNS",
    "EVALUATION",
    "FACTS",
    "FINDINGS",
    "HISTORY",
    "MODEL",
    "NETWORK",
    "PREPROCESSING",
    "PROOF",
    "REPORT",
    "RUN",
    "RUNS",
    "SIGNALS",
    "WALK",
    "add_epochs",
    "begin_history",
    "check_free",
    "create",
    "parse_json",
    "plain",
    "read_history",
    "read_json",
    "require_findings",
    "require_run",
    "save_history",
    "slug",
    "to_json_text",
    "write",
    "write_csv",
    "write_json",
    "write_tensors",
    "write_text",
]
