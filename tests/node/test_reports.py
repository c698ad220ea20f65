"""What is said of many subjects reaches everyone who listens, once."""

from __future__ import annotations

from realvpc.node.reports import Listener, Reports


def test_one_who_listens_hears_each_word_once() -> None:
    reports, listener = Reports[str](), Listener[str]()
    reports.say("a", "up", 1)
    reports.say("b", "b up", 1)
    assert listener.news(reports.since, 0) == ("up", "b up"), "said, and others will be with the same number"
    reports.say("c", "c up", 1)
    assert listener.news(reports.since, 1) == ("c up",)
    assert listener.news(reports.since, 1) == ()
    reports.say("a", "down", 2)
    assert listener.news(reports.since, 2) == ("down",)
    reports.say("a", "up", 3)
    assert listener.news(reports.since, 3) == ("up",), "again"


def test_one_who_listens_for_long_holds_nothing_of_subjects_that_have_come_and_gone() -> None:
    reports, listener = Reports[str](), Listener[str]()
    for number in range(1, 1000, 2):
        name = str(number)
        reports.say(name, f"{name} up", number)
        assert listener.news(reports.since, number) == (f"{name} up",)
        if number % 4 == 1:
            reports.say(name, f"{name} removed", number + 1)
            assert listener.news(reports.since, number + 1) == (f"{name} removed",)
        reports.forget(name)
        assert len(listener) == 1
