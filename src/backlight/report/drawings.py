"""Which figures a run gets, each as inline SVG; a figure without its numbers is left out."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from . import figures
from .folder import RunFolder
from .headline import leading_metric
from .words import score_text, wording

NARROW = 360
"""Width for a phone, in CSS pixels."""
SCATTER_POINTS = 1000


def drawings(run: RunFolder) -> dict[str, str]:
    """Name of the figure → markup. Wide figures come a second time for a phone, as NAME_narrow."""
    return dict(_scores(run)) | dict(_curves(run)) | dict(_predictions(run)) | dict(_walk(run))


def _scores(run: RunFolder) -> Iterator[tuple[str, str]]:
    name = leading_metric(run)
    metric = (run.evaluation.get("metrics") or {}).get(name)
    found = {"constant": run.evaluation.get("baseline"), "linear": run.evaluation.get("linear")}
    references = {label: scores[name] for label, scores in found.items() if scores and name in scores}
    if not metric or not references:
        return
    title = wording(name).title
    axis = wording(name).within_a_sentence + ("" if wording(name).share else f", in units of {run.task.get('target')}")
    for suffix, width in (("", 760), ("_narrow", NARROW)):
        figure = figures.comparison(
            metric,
            references,
            axis=axis,
            text=lambda value: score_text(name, value, metric),
            share=wording(name).share,
            width=width,
        )
        label = f"{title} of the network beside {' and '.join(references)}"
        yield f"comparison{suffix}", figures.to_svg(figure, name=f"comparison{suffix}", label=label)


def _curves(run: RunFolder) -> Iterator[tuple[str, str]]:
    if not run.history:
        return
    best = run.evaluation.get("best_epoch")
    for suffix, width, height in (("", 760, 400), ("_narrow", NARROW, 380)):
        figure = figures.curves({run.path.name: run.history}, best_epoch=best, width=width, height=height)
        label = "Loss and score of training and validation by epoch, learning rate below"
        yield f"curves{suffix}", figures.to_svg(figure, name=f"curves{suffix}", label=label)


def _predictions(run: RunFolder) -> Iterator[tuple[str, str]]:
    found = run.evaluation
    if found.get("confusion") and run.classes:
        yield "confusion", _svg(figures.confusion(found["confusion"], run.classes), "confusion", "Confusion matrix")
    if found.get("scatter"):
        pairs = found["scatter"][:: max(1, len(found["scatter"]) // SCATTER_POINTS)]
        figure = figures.scatter(pairs, target=str(run.task.get("target", "value")))
        yield "scatter", _svg(figure, "scatter", "Predicted against true values")
    if found.get("calibration"):
        label = "Predicted probability against how often it came true"
        yield "calibration", _svg(figures.calibration(found["calibration"]), "calibration", label)
    if found.get("confidence"):
        label = "Histogram of the probability given to the right class"
        yield "right_class", _svg(figures.right_class(found["confidence"]), "right-class", label)
    if found.get("roc"):
        yield "roc", _svg(figures.roc(found["roc"]), "roc", "ROC curve")


def _walk(run: RunFolder) -> Iterator[tuple[str, str]]:
    layers = run.walk.get("layers") or []
    if not layers:
        return
    names = [f"{one['kind']} {'×'.join(map(str, one['shape']))}" for one in layers]
    output = {"x_norm": run.walk["output_norm"], "v_norm": run.walk["output_v_norm"]}
    for suffix, width in (("", 760), ("_narrow", NARROW)):
        labels = names if not suffix else [one["kind"] for one in layers]
        rows = [{**one, "label": _shortened(label)} for one, label in zip(layers, labels, strict=True)]
        figure = figures.passage(rows, {**output, "label": "output"}, width=width, wide=not suffix)
        label = (
            "Sizes of x(i), v(i) and parameter gradients and singular values of the Jacobians of one example, by layer"
        )
        yield f"walk{suffix}", _svg(figure, f"walk{suffix}", label)


def _shortened(label: str, most: int = 30) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"


def _svg(figure: Figure, name: str, label: str) -> str:
    return figures.to_svg(figure, name=name, label=label)
