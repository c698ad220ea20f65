"""How contenders are compared."""

from __future__ import annotations

from realvpc.bench.contest import Figures, alternate, summarise


def test_contenders_take_turns_there_and_back() -> None:
    turns: list[str] = []

    def contender(name: str) -> dict[str, float]:
        turns.append(name)
        return {"speed": float(len(turns))}

    results = alternate(2, {name: lambda name=name: contender(name) for name in "AB"}, lambda line: None)  # type: ignore[misc]
    assert "".join(turns) == "ABBABAABABBA"
    assert results == [{"A": {"speed": 6.5}, "B": {"speed": 6.5}}, {"A": {"speed": 10.5}, "B": {"speed": 10.5}}]


def test_ratios_are_taken_within_a_round() -> None:
    results: list[dict[str, Figures]] = [
        {"base": {"x": base}, "other": {"x": base * ratio}} for base, ratio in ((1.0, 0.9), (10.0, 0.8), (5.0, 1.0))
    ]
    [summary] = summarise(results, baseline="base", challenger="other", units={"x": "1/s"})
    assert (summary.baseline, summary.ratio) == (5, 0.9)
    assert summary.quartiles == (0.8, 1.0)
