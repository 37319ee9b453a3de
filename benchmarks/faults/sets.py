"""All collections of programs, filled."""

from . import (
    everyday_generative,
    everyday_loops,
    everyday_pictures,
    everyday_sequences,
    everyday_structures,
    everyday_tables,
    everyday_teaching,
    fifth_data,
    fifth_network,
    fifth_output,
    fifth_passes,
    fifth_sound,
    fifth_steps,
    forum_loop,
    forum_output,
    forum_sound,
    fourth_data,
    fourth_loss,
    fourth_network,
    fourth_passes,
    fourth_steps,
    keras_fourth_training,
    keras_more_training,
    keras_posts_training,
    keras_third_training,
    later_faulty,
    later_sound,
    network,
    ordinary_control,
    ordinary_generative,
    ordinary_likeness,
    ordinary_pictures,
    ordinary_sequences,
    ordinary_tables,
    ordinary_targets,
    ordinary_teaching,
    posted_output,
    posted_training,
    sound,
    third,
    unusual_control,
    unusual_generative,
    unusual_language,
    unusual_layers,
    unusual_places,
    unusual_similarity,
    unusual_steps,
    unusual_targets,
)
from .described import DESCRIBED
from .healthy import HEALTHY
from .keras_fourth import FOURTH_POSTS
from .keras_more import MORE_POSTS
from .keras_posts import POSTS
from .keras_third import THIRD_POSTS
from .loops import (
    EVERYDAY_SOUND,
    FIFTH,
    FIFTH_NAMELESS,
    FIFTH_SOUND,
    FORUM,
    FORUM_SOUND,
    FOURTH,
    FOURTH_NAMELESS,
    LATER,
    LATER_SOUND,
    NETWORK,
    ORDINARY_SOUND,
    THIRD,
    THIRD_SOUND,
    UNUSUAL_SOUND,
)
from .programs import POSTED, SOUND, Collection
from .sick import SICK

FAULTY: dict[str, Collection] = {
    "synthetic": SICK,
    "posted": POSTED,
    "forum": FORUM,
    "later forum": LATER,
    "third forum": THIRD,
    "network": NETWORK,
    "fourth forum": FOURTH,
    "fifth forum": FIFTH,
}
NAMELESS: dict[str, Collection] = {"fourth forum": FOURTH_NAMELESS, "fifth forum": FIFTH_NAMELESS}
"""Faults for which no finding has a name."""
HEALTHY_ONES = {
    "synthetic": HEALTHY,
    "sound": SOUND,
    "forum": FORUM_SOUND,
    "later forum": LATER_SOUND,
    "third forum": THIRD_SOUND,
    "fifth forum": FIFTH_SOUND,
    "unusual": UNUSUAL_SOUND,
    "everyday": EVERYDAY_SOUND,
    "ordinary": ORDINARY_SOUND,
}
DESCRIPTIONS = {
    "described programs": DESCRIBED,
    "programs as posted for Keras": POSTS,
    "more posts for Keras": MORE_POSTS,
    "third posts for Keras": THIRD_POSTS,
    "fourth posts for Keras": FOURTH_POSTS,
}
FILLED_BY = (
    posted_output, posted_training, sound,
    forum_output, forum_loop, forum_sound, later_faulty, later_sound, third, network,
    fourth_data, fourth_loss, fourth_network, fourth_passes, fourth_steps,
    fifth_data, fifth_network, fifth_output, fifth_passes, fifth_sound, fifth_steps,
    unusual_generative, unusual_similarity, unusual_language, unusual_control, unusual_steps, unusual_layers,
    unusual_targets, unusual_places, keras_posts_training, keras_more_training, keras_third_training,
    keras_fourth_training,
    everyday_generative, everyday_loops, everyday_pictures, everyday_sequences,
    everyday_structures, everyday_tables, everyday_teaching,
    ordinary_control, ordinary_generative, ordinary_likeness, ordinary_pictures, ordinary_sequences,
    ordinary_tables, ordinary_targets, ordinary_teaching,
)  # fmt: skip
"""Modules whose import fills the collections."""
