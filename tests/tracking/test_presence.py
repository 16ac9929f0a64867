"""A store that is away is asked again: how often, and what is said of it."""

from __future__ import annotations

import pytest

from ferbench.errors import StoreAwayError
from ferbench.tracking import presence
from ferbench.tracking.outbox import Outbox
from ferbench.tracking.presence import Presence


class Clock:
    """Time that passes only where it is spent."""

    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


class AwayStore:
    """A store that lets every call run into its time limit, of 30 s at most."""

    def __init__(self, clock, takes_s):
        self.clock, self.takes_s, self.asked_at = clock, takes_s, []
        self.store = self  # what a delivery calls its store

    def answers(self):
        self.asked_at.append(self.clock.now_s)
        self.clock.now_s += self.takes_s
        return False

    def ask(self):
        self.answers()
        raise StoreAwayError("it does not answer")


@pytest.mark.parametrize(("takes_s", "least_pause_s"), [(5.0, 50.0), (0.01, 2.0), (30.0, 300.0)])
def test_a_store_that_is_away_costs_a_tenth_of_the_time(
    takes_s, least_pause_s, tmp_path, monkeypatch, caplog
):
    clock = Clock()
    monkeypatch.setattr(presence, "time", clock)
    store = AwayStore(clock, takes_s)
    there = Presence(Outbox(root=tmp_path, uri="http://away"), store)
    while clock.now_s < 3000:
        assert there.asked(store.ask) is None
        clock.now_s += 1.0
    pauses = [b - a - takes_s for a, b in zip(store.asked_at, store.asked_at[1:], strict=False)]
    assert least_pause_s - 0.01 <= min(pauses) <= max(pauses) <= least_pause_s + 1
    assert takes_s * (len(store.asked_at) - 1) / clock.now_s <= 0.1
    assert [record.message for record in caplog.records] == [
        "the store http://away does not answer; the run goes on, what it records waits in "
        f"{tmp_path}/mlruns/outbox/{Outbox(root=tmp_path, uri='http://away').folder.name}"
    ]
