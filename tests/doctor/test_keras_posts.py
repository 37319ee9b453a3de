"""Programs as posted for Keras: the cause is told, and a mended program is called no error."""

import pytest
from benchmarks.faults.cases import examine, mend, rebuild
from benchmarks.faults.sets import DESCRIPTIONS

POSTS = (
    DESCRIPTIONS["programs as posted for Keras"]
    | DESCRIPTIONS["more posts for Keras"]
    | DESCRIPTIONS["third posts for Keras"]
    | DESCRIPTIONS["fourth posts for Keras"]
)
MISSED = {
    "cosine-of-one-number": "the direction of one number is its sign: this loss has no name yet",
    "rectified-simple-recurrence": "told as what it leads to, exploding-gradient: its rectifiers do cut off values",
    "memory-without-squashing": "a cell written out without an activation: nothing is called that could be seen",
    "percentage-of-no-sales": "an error divided by the target: this loss has no name yet",
    "sine-by-two-layers-of-sigmoids": "sigmoids that learn slowly, in their straight part: told as stopped-too-early",
    "pixels-stored-as-whole-numbers": "told as what it leads to, unlearnable-target: a few ones are left",
    "softmax-over-the-rows-of-a-batch": "Keras divides each row by its sum again, so that it learns all the same",
    "chances-in-percent": "told as loss-mismatch: percentages are taken for measured values",
    "overlap-made-smaller": "an overlap that is minimised: its direction is not read",
    "quantile-turned-over": "a pinball loss with the smaller side: its direction is not read",
    "f1-of-rounded-answers": "told as what it leads to, vanishing-gradient: rounding has no slope",
    "where-the-spot-is-after-a-mean": "told as not-learning: a mean over all places hides where something was",
    "each-pixel-on-its-own": "told as not-learning: a dense layer on each pixel before a mean over all",
    "rings-by-a-single-layer": "told as not-learning: that a network has no hidden layer is not named",
    "six-causes-through-a-code-of-one": "a linear code of one number: how many the data need is not asked",
    "squares-summed-over-the-batch": "told as what it leads to, exploding-gradient",
    "padded-behind-the-words": "told as learning-rate-too-low: that zeros follow the words is not read",
    "two-marked-numbers-far-apart": "told as unlearnable-target: a product over a hundred steps",
    "labels-of-other-files": "told as stopped-too-early: the pictures are still being learned by heart",
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
