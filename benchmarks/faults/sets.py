"""All collections of programs, filled."""

from . import (
    forum_loop,
    forum_output,
    forum_sound,
    later_faulty,
    later_sound,
    posted_output,
    posted_training,
    sound,
    third,
)
from .healthy import HEALTHY
from .loops import FORUM, FORUM_SOUND, LATER, LATER_SOUND, THIRD, THIRD_SOUND
from .programs import POSTED, SOUND, Collection
from .sick import SICK

FAULTY: dict[str, Collection] = {
    "synthetic": SICK,
    "posted": POSTED,
    "forum": FORUM,
    "later forum": LATER,
    "third forum": THIRD,
}
HEALTHY_ONES = {
    "synthetic": HEALTHY,
    "sound": SOUND,
    "forum": FORUM_SOUND,
    "later forum": LATER_SOUND,
    "third forum": THIRD_SOUND,
}
FILLED_BY = (
    posted_output, posted_training, sound,
    forum_output, forum_loop, forum_sound, later_faulty, later_sound, third,
)  # fmt: skip
"""Modules whose import fills the collections."""
