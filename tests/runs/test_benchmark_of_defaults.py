"""The benchmark of untouched defaults: what was measured is not measured again, and the table says what was found."""

import pandas as pd
from benchmarks.defaults import HEAD, measure
from benchmarks.defaults_sets import load
from benchmarks.defaults_words import show


def test_a_stopped_benchmark_goes_on_where_it_was(tmp_path, capsys):
    file = tmp_path / "scores.csv"
    measure(file, ["iris"], ["linear"], range(2), None)
    first = file.read_text()
    measure(file, ["iris", "diabetes"], ["linear", "gradient boosting"], range(2), None)
    assert file.read_text().startswith(first)
    rows = pd.read_csv(file)
    assert tuple(rows.columns) == HEAD
    assert len(rows) == 8
    assert not rows.duplicated(["set", "seed", "contender"]).any()
    show(rows, ["iris", "diabetes"], ["linear", "gradient boosting"])
    table = capsys.readouterr().out
    assert f"{rows[(rows['set'] == 'diabetes') & (rows['contender'] == 'linear')]['score'].mean():.3g} (" in table
    assert "mean rank over 2 sets" in table


def test_rows_without_a_target_are_left_out_and_text_becomes_categories(tmp_path):
    text = "a,b,pm2.5\n1,x,NA\n2,y,3.5\n4,x,5\n"
    (tmp_path / "beijing-pm25.csv").write_text(text)
    table = load("beijing-pm25", tmp_path)
    assert table.y.tolist() == [3.5, 5.0]
    assert table.categories == ["b"]
    assert isinstance(table.typed()["b"].dtype, pd.CategoricalDtype)
