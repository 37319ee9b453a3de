"""Programs as posted for Keras: the cause is told, and a mended program is called no error."""

import pytest
from benchmarks.faults.cases import examine, mend, rebuild
from benchmarks.faults.sets import DESCRIPTIONS

POSTS = (
    DESCRIPTIONS["programs as posted for Keras"]
    | DESCRIPTIONS["more posts for Keras"]
    | DESCRIPTIONS["third posts for Keras"]
)
MISSED = {
    "cosine-of-one-number": "the direction of one number is its sign: this loss has no name yet",
    "rectified-simple-recurrence": "told as what it leads to, exploding-gradient: its rectifiers do cut off values",
    "memory-without-squashing": "a cell written out without an activation: nothing is called that could be seen",
    "percentage-of-no-sales": "an error divided by the target: this loss has no name yet",
    "sine-by-two-layers-of-sigmoids": "sigmoids that learn slowly, in their straight part: told as stopped-too-early",
    "pixels-stored-as-whole-numbers": "told as what it leads to, unlearnable-target: a few ones are left",
}
NAMED = sorted(name for name, post in POSTS.items() if post["primary"]["names"] and name not in MISSED)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_the_cause_of_a_post_is_among_the_first_three(name):
    names = list(dict.fromkeys(found.name for found in examine(rebuild(POSTS[name]))))
    assert set(names[:3]) & set(POSTS[name]["primary"]["names"])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(POSTS))
def test_a_mended_post_is_called_no_error(name):
    assert [found.name for found in examine(mend(POSTS[name])) if found.severity == "error"] == []
