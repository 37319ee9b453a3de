"""Arguments and options that several commands share, with the words of their help."""

from pathlib import Path
from typing import Annotated

import typer

_DATA, _NETWORK, _TRAINING, _RUN = "Data", "Network", "Training", "Run"

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="A table (CSV, TSV, Parquet, Feather, .npz; also .gz or .zip), a folder or .zip of images by class, "
        "or sklearn:NAME.",
    ),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; progress goes to stderr.", show_default=False)
]

Target = Annotated[str | None, typer.Option(help="Column to predict.", rich_help_panel=_DATA)]
Task = Annotated[
    str | None,
    typer.Option(help="binary, multiclass or regression; inferred from the target.", rich_help_panel=_DATA),
]
Group = Annotated[
    str | None, typer.Option(help="Column whose equal values stay on one side of the split.", rich_help_panel=_DATA)
]
Time = Annotated[
    str | None, typer.Option(help="Column that orders the rows; the latest are held out.", rich_help_panel=_DATA)
]
Drop = Annotated[
    list[str] | None,
    typer.Option(help="Column to leave out; may be repeated.", rich_help_panel=_DATA, metavar="COLUMN"),
]
Images = Annotated[
    str | None, typer.Option(help="Read a table of pixels as images: auto, yes or no.", rich_help_panel=_DATA)
]
Augment = Annotated[
    str | None, typer.Option(help="Change images while training: auto, none, crop or flip-crop.", rich_help_panel=_DATA)
]
Preprocessing = Annotated[
    str | None,
    typer.Option(help="Of the columns: auto, standard, together (one scale for all) or none.", rich_help_panel=_DATA),
]
TestFraction = Annotated[
    float | None, typer.Option(help="Share of the rows held out for the scores.", rich_help_panel=_DATA)
]
ValidationFraction = Annotated[
    float | None, typer.Option(help="Share of the other rows that chooses the best epoch.", rich_help_panel=_DATA)
]

Network = Annotated[
    str | None,
    typer.Option(
        help='Layers, as in "128 relu, dropout 0.2, 64 relu", or a .toml file.',
        metavar="TEXT|FILE",
        rich_help_panel=_NETWORK,
    ),
]
Init = Annotated[str | None, typer.Option(help="Scheme of the first parameters.", rich_help_panel=_NETWORK)]
InitSeed = Annotated[int | None, typer.Option(help="Seed of the first parameters alone.", rich_help_panel=_NETWORK)]
InitFrom = Annotated[
    str | None,
    typer.Option(
        help="Run or .safetensors file whose parameters to start from, where they fit.",
        metavar="RUN|FILE",
        rich_help_panel=_NETWORK,
    ),
]
Pretrain = Annotated[
    int | None,
    typer.Option(
        help="Epochs in which each hidden layer first learns to undo noise in its input, without the target.",
        metavar="EPOCHS",
        rich_help_panel=_NETWORK,
    ),
]

Epochs = Annotated[int | None, typer.Option(help="Passes over the training rows.", rich_help_panel=_TRAINING)]
LearningRate = Annotated[
    str | None,
    typer.Option(
        "--lr",
        help="Learning rate at its highest; auto looks for it.",
        metavar="NUMBER|auto",
        rich_help_panel=_TRAINING,
    ),
]
BatchSize = Annotated[int | None, typer.Option(help="Rows in one step.", rich_help_panel=_TRAINING)]
Optimizer = Annotated[str | None, typer.Option(help="adamw, adam or sgd.", rich_help_panel=_TRAINING)]
Schedule = Annotated[
    str | None, typer.Option(help="constant, cosine, one-cycle or trapezoid.", rich_help_panel=_TRAINING)
]
WeightDecay = Annotated[float | None, typer.Option(help="Decay of the weights.", rich_help_panel=_TRAINING)]
LabelSmoothing = Annotated[
    float | None, typer.Option(help="Share of probability spread over all classes.", rich_help_panel=_TRAINING)
]
Patience = Annotated[
    int | None, typer.Option(help="Epochs without a better validation loss before it stops.", rich_help_panel=_TRAINING)
]
Ensemble = Annotated[
    int | None,
    typer.Option(
        help="Networks that are trained at once and predict together; their spread tells how sure they are. "
        "5 for tables of up to 2,000 rows whose network is left open, else 1.",
        metavar="K",
        rich_help_panel=_TRAINING,
    ),
]
Folds = Annotated[
    bool | None,
    typer.Option(
        help="Whether each network of an ensemble leaves out rows of its own, which choose its best epoch.",
        rich_help_panel=_TRAINING,
    ),
]
Clip = Annotated[
    float | None, typer.Option(help="Largest norm of the whole gradient.", metavar="NUMBER", rich_help_panel=_TRAINING)
]
Accumulate = Annotated[
    int | None,
    typer.Option(
        help="Batches whose gradients are averaged for one update, where a larger batch does not fit into memory.",
        rich_help_panel=_TRAINING,
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help="Of matrix products and convolutions: auto, float32, bfloat16 or float16.", rich_help_panel=_TRAINING
    ),
]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda.", rich_help_panel=_TRAINING)]

Treat = Annotated[
    bool | None,
    typer.Option(
        "--treat/--no-treat",
        help="Try safe treatments of what the diagnosis finds beside the untreated network, for up to ten times the "
        "training's time or half a minute, on other rows than those of the test; keep what is proven to be better. On "
        "unless switched off.",
        rich_help_panel=_RUN,
        show_default=False,
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.", rich_help_panel=_RUN)]
TimeLimit = Annotated[
    str | None,
    typer.Option(
        help="For the whole command, as in 90s, 10m or 1h30m. Time for scores and report is estimated and kept back: "
        "on a busy machine they may end later.",
        metavar="DURATION",
        rich_help_panel=_RUN,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="run.toml of a run to repeat; options outrank it.",
        rich_help_panel=_RUN,
    ),
]
Log = Annotated[
    str | None,
    typer.Option(
        help="Write the run for tensorboard or mlflow while it trains; `export` does it afterwards.",
        metavar="TRACKER",
        rich_help_panel=_RUN,
    ),
]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME-TIME if not given.", rich_help_panel=_RUN)]
