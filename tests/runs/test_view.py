"""What a person sees while a network trains."""

import io
import math

import pytest

from backlight.records import Epoch
from backlight.runs.view import LiveView, PlainView, closing, duration, sparkline, view


class Terminal(io.StringIO):
    def isatty(self):
        return True


def rows(epoch, loss=0.5, accuracy=0.8):
    return tuple(Epoch(epoch, epoch * 10, split, loss, accuracy, 0.2, 1e-3, 1.0) for split in ("train", "validation"))


def test_plain_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    plain = view(stream)
    assert type(plain) is PlainView
    plain.on_note("42 rows.")
    plain.on_epoch(rows=rows(1), epochs=2, rows_per_second=1234.5, seconds_left=75.0)
    assert stream.getvalue() == (
        "42 rows.\nepoch 1/2  1,234 rows/s  1 min 15 s left  train loss 0.5000, accuracy 0.8000  "
        "validation loss 0.5000, accuracy 0.8000  rate 0.001\n"
    )


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_what_holds_of_two_trainings_is_said_once_and_every_epoch_of_both(stream):
    both = view(stream)
    for rate in (1.5, 0.03):
        both.on_note("42 rows.")
        both.on_note(f"Rate {rate}.")
        both.on_start(epochs=1)
        both.on_epoch(rows=rows(1), epochs=1, rows_per_second=10.0, seconds_left=0.0)
        both.on_end(stopped="all epochs done")
    said = stream.getvalue()
    assert (said.count("42 rows."), said.count("Rate 1.5."), said.count("Rate 0.03.")) == (1, 1, 1)
    assert said.count("epoch 1/1") >= 2


def test_short_epochs_do_not_flood_a_log():
    stream = io.StringIO()
    plain = PlainView(stream)
    for epoch in range(1, 101):
        plain.on_epoch(rows=rows(epoch), epochs=100)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[-1].startswith("epoch 100/100")


def test_a_terminal_gets_a_live_table_and_keeps_the_last_line():
    stream = Terminal()
    live = view(stream)
    assert type(live) is LiveView
    live.on_start(epochs=2)
    live.on_progress(epoch=0.5, loss=0.9, learning_rate=1e-3, progress=0.25, step=1)
    live.on_epoch(rows=rows(1), epochs=2, rows_per_second=10.0, seconds_left=3.0)
    live.on_epoch(rows=rows(2, loss=math.inf), epochs=2, rows_per_second=10.0, seconds_left=0.0)
    live.on_end(stopped="all epochs done")
    assert "epoch 2/2" in stream.getvalue().splitlines()[-2] + stream.getvalue().splitlines()[-1]


def test_values_show_their_error_and_bare_losses_nothing_else():
    stream = io.StringIO()
    PlainView(stream).on_epoch(rows=(Epoch(1, 1, "train", 0.5, None, 12.345, 0.1, 1.0),), epochs=1)
    PlainView(stream).on_epoch(rows=(Epoch(1, 1, "train", 0.5, None, 82984.6, 0.1, 1.0),), epochs=1)
    PlainView(stream).on_epoch(rows=(Epoch(1, 1, "train", 0.5, None, None, 0.1, 1.0),), epochs=1)
    assert stream.getvalue().splitlines() == [
        "epoch 1/1  train loss 0.5000, RMSE 12.35  rate 0.1",
        "epoch 1/1  train loss 0.5000, RMSE 82,985  rate 0.1",
        "epoch 1/1  train loss 0.5000  rate 0.1",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(7.6, "8 s"), (200, "3 min 20 s"), (3900, "1 h 05 min"), (-1, "0 s")])
def test_durations_as_a_person_says_them(seconds, words):
    assert duration(seconds) == words


def test_sparklines_leave_a_gap_where_there_is_no_number():
    assert sparkline([0.0, 1.0, math.nan, math.inf]) == "▁█  "
    assert sparkline([1.0]) == ""
    assert sparkline([1.0, 1.0]) == "▁▁"


def test_the_table_stops_where_training_fails():
    live = view(Terminal())
    with pytest.raises(RuntimeError), closing([object(), live]):
        live.on_start(epochs=2)
        table = live._live
        raise RuntimeError
    assert not table.is_started
