"""One way of saying each loss, whatever the program took into its own hands."""

from dataclasses import replace

from ..signals import LossFacts, OutputFacts


def settle(loss: LossFacts | None, output: OutputFacts | None) -> tuple[LossFacts | None, OutputFacts | None]:
    """One way of saying each loss: a logarithm or log-softmax taken by the program belongs to the loss.

    `nll(log(p))` wants probabilities, `nll(log_softmax(z))` is the cross-entropy of logits. Clamps that keep a
    logarithm finite are dropped.
    """
    if loss is None or output is None:
        return loss, output
    chain = list(output.chain)
    if loss.expects != "values":
        chain = [kind for kind in chain if kind != "Clamp"]
    if loss.expects == "log-probabilities" and chain and chain[-1] == "Log":
        loss, chain = replace(loss, expects="probabilities"), chain[:-1]
    elif loss.expects == "log-probabilities" and chain[-1:] == ["LogSoftmax"] and _over_outputs(loss, output):
        loss, chain = replace(loss, name="cross_entropy", expects="logits"), chain[:-1]
    elif loss.expects == "log-probabilities" and chain and chain[-1] == "LogSigmoid":
        loss, chain = replace(loss, name="bce_logits", expects="logits"), chain[:-1]
    return loss, replace(output, chain=tuple(chain))


def _over_outputs(loss: LossFacts, output: OutputFacts) -> bool:
    """Not over the rows, nor of a picture over its places."""
    picture = len(output.shape) == 3
    return loss.name == "nll" and not output.columns_sum_to_one and (output.rows_sum_to_one or not picture)
