"""Everything needed to repeat a run. `None` means: chosen from the data, and written down in run.toml."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .task import TaskKind

FROM_SWEEP = "sweep"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Section):
    """Where the rows come from and how they are split and prepared."""

    source: str | None = None
    """Path or `sklearn:NAME`; None when arrays or a frame were passed in Python."""
    target: str | None = None
    task: TaskKind | None = None
    group: str | None = None
    """Column whose rows must stay on one side of the split."""
    time: str | None = None
    """Column that orders the rows; the test split is then the latest part."""
    test_fraction: float = Field(0.2, ge=0, lt=1)
    validation_fraction: float = Field(0.15, ge=0, lt=1)
    """Share of the rows outside test."""
    drop: tuple[str, ...] = ()
    preprocessing: Literal["auto", "standard", "together", "none"] = "auto"
    """together: one mean and one spread for all columns of numbers, which keep their sizes beside each other, as those
    of one unit do (pixels, counts)."""
    target_scaling: Literal["auto", "standard", "none"] = "auto"
    """Whether the target of a regression is standardised; auto: unless `preprocessing` is "none"."""
    duplicates: Literal["keep", "drop"] = "keep"
    """Whether a training row that repeats an earlier one in all inputs and the target is trained on, and a validation
    row that equals a training row helps to choose the best epoch."""
    images: Literal["auto", "yes", "no"] = "auto"
    """Whether a table of pixel columns is read as images."""
    augment: Literal["auto", "none", "crop", "flip-crop"] = "auto"


class NetworkConfig(_Section):
    """Which network, and where its parameters start."""

    description: str | None = None
    """A line of text as in `--network`."""
    init: str = "auto"
    init_from: str | None = None
    """Run, or .safetensors file, whose parameters to start from where they fit."""
    ending: Literal["given", "linear"] = "given"
    """linear: a network passed in Python loses what stands behind its last layer with parameters (softmax, sigmoid,
    dropout), since the loss has the activation that suits the task inside."""
    frozen: Literal["given", "none"] = "given"
    """none: all parameters of a network passed in Python learn, those whose requires_grad is False as well."""
    pretrain: int | None = Field(None, ge=1)
    """Epochs in which each hidden linear layer first learns to undo noise in its input, without the target."""


class TrainingConfig(_Section):
    """How the parameters are changed."""

    epochs: int | None = Field(None, ge=1)
    batch_size: int | None = Field(None, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] | None = None
    learning_rate: float | None = Field(None, gt=0)
    learning_rate_from: str | None = None
    """FROM_SWEEP while a search beforehand is to find the rate, which is then open; afterwards, how it was found."""
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: bool = True
    weight_decay: float | None = Field(None, ge=0)
    rate_factors: dict[str, float] = {}
    """Factor on the learning rate of the parameters whose name matches a pattern, as in {"0.*": 0.1}; the first that
    matches counts."""
    decay_factors: dict[str, float] = {}
    """The same for the weight decay."""
    schedule: Literal["constant", "cosine", "one-cycle", "trapezoid"] | None = None
    warmup: float = Field(0.05, ge=0, lt=1)
    """Share of all steps over which the learning rate rises."""
    label_smoothing: float | None = Field(None, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: in the loss each class weighs as much as any other, however many rows it has."""
    shuffle: bool = True
    """Whether the rows come in another order in each epoch; else in that of the source."""
    accumulate: int = Field(1, ge=1)
    """Batches whose gradients are averaged for one update: that of one larger batch, in the memory of a small one."""
    layerwise: bool = False
    """Update each layer as soon as its gradient is ready: no more than one layer's gradient is kept (Lv et al. 2024,
    arXiv:2306.09782, section 3). Not with what needs all gradients at once: clipping, accumulation, float16."""
    capture: bool = False
    """On a GPU, record the pass of a batch as a CUDA graph and replay it (PyTorch, "CUDA semantics"). On a CPU the
    kernels of small networks are recorded and replayed anyway."""
    clip: float | None = Field(None, gt=0)
    """Upper bound on the norm of the whole gradient."""
    average: float | None = Field(None, ge=0, lt=1)
    """Decay of the exponential moving average of the parameters; 0 switches it off."""
    patience: int | None = Field(None, ge=1)
    """Epochs without a better validation loss before training stops."""
    keep: Literal["best", "last"] = "best"
    """The epoch whose parameters are kept: the one with the lowest validation loss, or the last."""
    ensemble: int | None = Field(None, ge=1, le=256)
    """Networks that are trained at once and predict together; 1 for a single one."""
    folds: bool | None = None
    """Whether each network of an ensemble leaves out another part of the training and validation rows, which chooses
    its best epoch; else all share the validation rows."""
    time_limit: float | None = Field(None, gt=0)
    """Seconds for the whole command, reading and evaluation included."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number format of matrix products and convolutions while training; parameters stay float32. auto: float32."""


class Config(_Section):
    """One whole run."""

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()
    seed: int = Field(0, ge=0, le=2**32 - 1)
    init_seed: int | None = Field(None, ge=0, le=2**32 - 1)
    """Seed of the initial parameters alone; None takes `seed`."""
    diagnose: bool = True
    treat: bool = True
    """Whether findings are treated where a treatment is safe, and what is proven to be better is kept."""
