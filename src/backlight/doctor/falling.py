"""How the training loss fell, late in the run."""

from statistics import fmean, stdev


def fall_of_last_fifth(losses: list[float]) -> tuple[float, float]:
    """Fall of the mean loss from the fourth to the last fifth, and its standard error; 0 for a short run."""
    fifth = len(losses) // 5
    if fifth < 4:
        return 0.0, 0.0
    before, last = losses[-2 * fifth : -fifth], losses[-fifth:]
    return fmean(before) - fmean(last), ((stdev(before) ** 2 + stdev(last) ** 2) / fifth) ** 0.5


def fall_of_second_half(losses: list[float]) -> float:
    """Fall of the mean loss from the middle of the run to its end; 0 for a short run."""
    tenth = len(losses) // 10
    if tenth < 3:
        return 0.0
    middle = len(losses) // 2
    return fmean(losses[middle - tenth // 2 : middle + tenth - tenth // 2]) - fmean(losses[-tenth:])
