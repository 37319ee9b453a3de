"""Programs as posted to ask why they do not learn: dropout, scales, step sizes, lengths, first weights, data."""

from .described import (
    BCE,
    CCE,
    FLAT,
    MSE,
    POOL,
    SPARSE,
    adam,
    between,
    codes,
    conv,
    dense,
    digits,
    dropout,
    fit,
    lstm,
    measured,
    normal,
    one_hot,
    sgd,
)  # fmt: skip
from .keras_posts import MEAN1, POOL1, SEQUENCES, both_ways, conv1d, embedding, post, rms, texts

ZEROS, ONES = {"class": "Zeros"}, {"class": "Ones"}
STEPS = "learning-rate-too-high exploding-gradient non-finite dead-units"
INITS = "zero-init symmetric-init init-too-small init-too-large"
FIXED = {"trainable": False}


# Dropout

post("four-fifths-dropped-three-times", "binary", "too_much_dropout", "too-much-dropout", "misplaced-dropout",
     fit([dense(24, "relu"), dropout(0.8), dense(24, "relu"), dropout(0.8), dense(12, "relu"), dropout(0.8),
          dense(1, "sigmoid")], normal(800, 10), codes(800, 0, 1), BCE, adam(), 32, 20, "accuracy"),
     layers=[dense(24, "relu"), dropout(0.2), dense(1, "sigmoid")])  # fmt: skip
post("dropout-behind-the-output", "regression", "too_much_dropout", "misplaced-dropout too-much-dropout",
     "metric-mismatch",
     fit([dense(40, "relu"), dense(1), dropout(0.5)], normal(700, 8), measured(-2.5, 2.5, 700, 1), MSE, adam(), 32, 20,
         "accuracy"),
     layers=[dense(40, "relu"), dense(1)], metrics=["mae"])  # fmt: skip
post("leaves-with-nine-tenths-dropped", "multiclass", "too_much_dropout", "too-much-dropout", "misplaced-dropout",
     fit([conv(16), POOL, dropout(0.5), FLAT, dense(32, "relu"), dropout(0.9), dense(6, "softmax")],
         between(-1.7, 1.7, 500, 14, 14, 3), one_hot(500, 6), CCE, adam(), 32, 15, "accuracy"),
     layers=[conv(16), POOL, FLAT, dense(32, "relu"), dense(6, "softmax")], epochs_asked=20)  # fmt: skip

# Scales

post("photographs-of-0-to-255", "multiclass", "feature_scale", "unscaled-features", STEPS,
     fit([conv(16), POOL, FLAT, dense(32, "relu"), dense(3, "softmax")], between(0.0, 255.0, 400, 16, 16, 3),
         one_hot(400, 3), CCE, sgd(), 32, 15, "accuracy"),
     x=between(-1.7, 1.7, 400, 16, 16, 3), optimizer=adam(), epochs_asked=20)  # fmt: skip
post("incomes-into-sigmoids", "binary", "feature_scale", "unscaled-features", "saturated-units vanishing-gradient",
     fit([dense(30, "sigmoid"), dense(15, "sigmoid"), dense(1, "sigmoid")], between(0.0, 50000.0, 700, 6),
         codes(700, 0, 1), BCE, adam(), 32, 20, "accuracy"),
     x=normal(700, 6), layers=[dense(30, "relu"), dense(1, "sigmoid")])  # fmt: skip
post("coins-in-dollars", "timeseries", "feature_scale", "unscaled-features", "saturated-units vanishing-gradient",
     fit([lstm(32), dense(1)], between(1000.0, 60000.0, 300, 20, 1), measured(-2.5, 2.5, 300, 1), MSE, adam()),
     x=normal(300, 20, 1), optimizer=adam(0.005))  # fmt: skip
post("salaries-in-euros", "regression", "target_scale", "unscaled-target",
     "learning-rate-too-low stopped-too-early metric-mismatch",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(600, 5), measured(20000.0, 150000.0, 600, 1), MSE,
         adam(), 32, 20, "accuracy"),
     y=measured(-2.5, 2.5, 600, 1), metrics=["mae"])  # fmt: skip
post("flats-by-gradient-descent", "regression", "target_scale", "unscaled-target", STEPS,
     fit([dense(64, "relu"), dense(1)], normal(500, 12), measured(50000.0, 500000.0, 500, 1), MSE, sgd()),
     y=measured(-2.5, 2.5, 500, 1), optimizer=adam())  # fmt: skip
post("passengers-in-thousands", "timeseries", "target_scale", "unscaled-target",
     "learning-rate-too-low stopped-too-early batch-size",
     fit([both_ways(lstm(16)), dense(1)], between(-1.0, 1.0, 144, 12, 1), measured(100.0, 620.0, 144, 1), MSE,
         adam(), 1,
         5), y=measured(-2.5, 2.5, 144, 1), batch_size=16, epochs_asked=20, optimizer=adam(0.01))  # fmt: skip

# Step sizes

post("cats-at-a-tenth", "binary", "learning_rate_high", "learning-rate-too-high",
     "dead-units oscillating-loss exploding-gradient",
     fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(1, "sigmoid")],
         between(-1.7, 1.7, 400, 16, 16, 3), codes(400, 0, 1), BCE, adam(0.1), 32, 10, "accuracy"),
     optimizer=adam(), epochs_asked=20)  # fmt: skip
post("flowers-at-five", "multiclass", "learning_rate_high", "learning-rate-too-high",
     "dead-units oscillating-loss exploding-gradient non-finite",
     fit([dense(20, "relu"), dense(20, "relu"), dense(3, "softmax")], normal(300, 4), codes(300, 0, 1, 2), SPARSE,
         sgd(5.0), 16, 20, "accuracy"),
     optimizer=adam())  # fmt: skip
post("sentences-at-a-fifth", "binary", "learning_rate_high", "learning-rate-too-high",
     "oscillating-loss saturated-units exploding-gradient",
     fit([embedding(300, 16), both_ways(lstm(16)), dense(1, "sigmoid")], texts(400, 15, 300), codes(400, 0, 1), BCE,
         rms(0.2), 32, 10, "accuracy"),
     layers=[embedding(300, 16), FLAT, dense(32, "relu"), dense(1, "sigmoid")], optimizer=rms(),
     epochs_asked=20)  # fmt: skip
post("credit-at-a-millionth", "binary", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(800, 20), codes(800, 0, 1), BCE,
         adam(1e-6), 32, 20, "accuracy"),
     optimizer=adam())  # fmt: skip
post("digits-at-a-ten-thousandth", "multiclass", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
     fit([dense(64, "relu"), dense(10, "softmax")], digits(1.0, 1500, 784), one_hot(1500, 10), CCE, sgd(1e-4), 64, 15,
         "accuracy"),
     optimizer=adam(), batch_size=32)  # fmt: skip
post("pictures-by-adadelta-as-given", "multiclass", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
     fit([conv(16), POOL, FLAT, dense(32, "relu"), dense(4, "softmax")], between(-1.7, 1.7, 500, 14, 14, 1),
         one_hot(500, 4), CCE, {"class": "Adadelta", "learning_rate": 1e-3}, 64, 10, "accuracy"),
     optimizer=adam(), batch_size=32, epochs_asked=20)  # fmt: skip

# Length

post("speech-heard-twice", "multiclass", "too_few_epochs", "stopped-too-early", "learning-rate-too-low",
     fit([{**lstm(32), **SEQUENCES}, lstm(32), dense(4, "softmax")], normal(400, 20, 8), one_hot(400, 4), CCE,
         adam(), 32, 2, "accuracy"),
     layers=[lstm(32), dense(4, "softmax")], epochs_asked=20, optimizer=adam(0.005))  # fmt: skip
post("six-rows-ten-times", "regression", "too_few_epochs", "stopped-too-early",
     "too-little-data unscaled-target learning-rate-too-low unscaled-features",
     fit([dense(8, "relu"), dense(1)], between(0.0, 8.0, 6, 2), measured(0.0, 16.0, 6, 1), MSE, adam(), 32, 10),
     x=normal(400, 2), y=measured(-2.5, 2.5, 400, 1), epochs_asked=20, optimizer=adam(0.01))  # fmt: skip
post("all-rows-in-one-batch", "binary", "too_few_epochs", "stopped-too-early", "batch-size learning-rate-too-low",
     fit([dense(32, "relu"), dense(1, "sigmoid")], normal(1000, 15), codes(1000, 0, 1), BCE, adam(), 1000, 10,
         "accuracy"), batch_size=32, epochs_asked=20)  # fmt: skip

# First weights

post("all-from-zero", "binary", "bad_init", INITS, "",
     fit([dense(20, "relu", ZEROS), dense(20, "relu", ZEROS), dense(1, "sigmoid", ZEROS)], normal(500, 10),
         codes(500, 0, 1), BCE, adam(), 32, 20, "accuracy"),
     layers=[dense(20, "relu"), dense(20, "relu"), dense(1, "sigmoid")])  # fmt: skip
post("all-from-one", "regression", "bad_init", INITS, "exploding-gradient redundant-units learning-rate-too-high",
     fit([dense(16, "relu", ONES), dense(16, "relu", ONES), dense(1, "linear", ONES)], normal(500, 6),
         measured(-2.5, 2.5, 500, 1), MSE, adam(), 32, 20),
     layers=[dense(16, "relu"), dense(16, "relu"), dense(1)])  # fmt: skip
post("normal-with-a-spread-of-three", "multiclass", "bad_init", INITS,
     "exploding-gradient saturated-units learning-rate-too-low vanishing-gradient stopped-too-early",
     fit([dense(64, "tanh", {"class": "RandomNormal", "stddev": 3.0}),
          dense(64, "tanh", {"class": "RandomNormal", "stddev": 3.0}), dense(4, "softmax")], normal(600, 20),
         one_hot(600, 4), CCE, sgd(), 32, 20, "accuracy"),
     layers=[dense(64, "tanh"), dense(4, "softmax")], optimizer=adam())  # fmt: skip

# Data

post("table-with-holes", "binary", "bad_values", "bad-values non-finite", "",
     fit([dense(16, "relu"), dense(1, "sigmoid")], {**normal(600, 8), "non_finite": 40}, codes(600, 0, 1), BCE,
         adam(), 32, 10, "accuracy"), x=normal(600, 8), epochs_asked=20)  # fmt: skip
post("sensors-with-a-gap", "timeseries", "bad_values", "bad-values non-finite", "unscaled-target",
     fit([lstm(16), dense(1)], {**normal(300, 24, 3), "non_finite": 12}, measured(0.0, 90.0, 300, 1), MSE, adam(),
         32, 10),
     x=normal(300, 24, 3), y=measured(-2.5, 2.5, 300, 1), optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
post("prices-with-a-gap", "regression", "bad_values", "bad-values non-finite", "",
     fit([dense(32, "relu"), dense(1)], normal(500, 6), {**measured(-2.5, 2.5, 500, 1), "non_finite": 3}, MSE,
         adam(), 32, 10), y=measured(-2.5, 2.5, 500, 1), epochs_asked=20)  # fmt: skip
post("frozen-filters-without-lessons", "multiclass", "frozen_layers", "frozen-parameters", "",
     fit([conv(16) | FIXED, POOL, conv(16) | FIXED, POOL, FLAT, dense(4, "softmax")], between(-1.7, 1.7, 400, 16,
         16, 3), one_hot(400, 4), CCE, adam(), 32, 10, "accuracy"),
     layers=[conv(16), POOL, conv(16), POOL, FLAT, dense(4, "softmax")], epochs_asked=20)  # fmt: skip
post("frozen-output", "binary", "frozen_layers", "frozen-parameters", "",
     fit([dense(32, "relu"), dense(1, "sigmoid") | FIXED], normal(600, 10), codes(600, 0, 1), BCE, adam(), 32, 20,
         "accuracy"), layers=[dense(32, "relu"), dense(1, "sigmoid")])  # fmt: skip
post("frozen-embedding-and-filters", "binary", "frozen_layers", "frozen-parameters", "stopped-too-early",
     fit([embedding(300, 16) | FIXED, conv1d(16) | FIXED, POOL1, FLAT, dense(1, "sigmoid")], texts(500, 20, 300),
         codes(500, 0, 1), BCE, adam(), 32, 15, "accuracy"),
     layers=[embedding(300, 16), conv1d(16), POOL1, FLAT, dense(1, "sigmoid")], epochs_asked=20)  # fmt: skip
post("one-fraud-in-fifty", "binary", "class_imbalance", "class-imbalance", "metric-mismatch",
     fit([dense(16, "relu"), dense(1, "sigmoid")], normal(2000, 12), {**codes(2000, 0, 1), "mean": 0.02}, BCE,
         adam(), 32, 15, "accuracy"), y=codes(2000, 0, 1), epochs_asked=20)  # fmt: skip
post("one-fault-in-thirty", "timeseries", "class_imbalance", "class-imbalance", "metric-mismatch",
     fit([conv1d(12, 5), MEAN1, dense(1, "sigmoid")], normal(900, 30, 3), {**codes(900, 0, 1), "mean": 0.033}, BCE,
         adam(), 32, 10, "accuracy"),
     y=codes(900, 0, 1), layers=[conv1d(12, 5), POOL1, FLAT, dense(1, "sigmoid")], epochs_asked=20)  # fmt: skip
post("measurements-into-embedding", "binary", "bug_in_pipeline", "", "bad-values constant-feature capacity-too-low",
     fit([embedding(100, 16), lstm(16), dense(1, "sigmoid")], between(0.0, 1.0, 500, 10), codes(500, 0, 1), BCE, adam(),
         32, 10, "accuracy"),
     layers=[dense(32, "relu"), dense(1, "sigmoid")], x=normal(500, 10), epochs_asked=20)  # fmt: skip
