"""The table of the measured defaults, as Markdown."""

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from scipy.stats import t as student


def show(rows: pd.DataFrame, sets: list[str], contenders: list[str]) -> None:
    """Scores with their intervals, processor seconds, and the mean rank, over the seeds that all contenders have."""
    rows = rows[rows["set"].isin(sets) & rows["contender"].isin(contenders)]
    print(f"| set (seeds) | {' | '.join(contenders)} |\n|---|{'--:|' * len(contenders)}")
    ranks = []
    for name in sets:
        those = rows[rows["set"] == name]
        score = those.pivot(index="seed", columns="contender", values="score").reindex(columns=contenders).dropna()
        if not len(score):
            print(f"| {name} | not measured by all contenders |")
            continue
        seconds = those.groupby("contender")["processor_seconds"].mean()
        ranks.append(rankdata(score.mean()))
        cells = [_cell(score[one].to_numpy(), seconds[one]) for one in contenders]
        print(f"| {name} ({len(score)}) | {' | '.join(cells)} |")
    if ranks:
        mean = " | ".join(f"{rank:.2f}" for rank in np.mean(ranks, axis=0))
        print(f"| mean rank over {len(ranks)} sets | {mean} |")


def _cell(score: np.ndarray, seconds: float) -> str:
    mean = score.mean()
    interval = "one split"
    if len(score) > 1:
        half = student.ppf(0.975, len(score) - 1) * score.std(ddof=1) / len(score) ** 0.5
        interval = f"{mean - half:.3g} to {mean + half:.3g}"
    return f"{mean:.3g} ({interval}), {seconds:.{0 if seconds >= 10 else 2}f} s"
