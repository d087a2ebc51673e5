"""Who is asked next: no one twice, no more than the cap, everyone in turn."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lictor.consul.rota import Rota

KEYS = [f"k{number}" for number in range(14)]


class Asking(RuleBasedStateMachine):
    """Any order of following, asking and giving back, with a clock that goes on."""

    def __init__(self) -> None:
        """Begin with nobody."""
        super().__init__()
        self.cap, self.turns = 5, 2
        self.rota: Rota[str] = Rota(self.cap, self.turns)
        self.now = 0.0
        self.wanted: list[str] = []
        self.asked: dict[str, bool] = {}

    @rule(keys=st.lists(st.sampled_from(KEYS), unique=True))
    def replace(self, keys: list[str]) -> None:
        """Follow others; those to be left alone are being asked, and lost something."""
        self.wanted = keys
        for key in self.rota.replace(keys):
            assert key in self.asked
            assert key not in keys or (self.asked[key] and not self.rota.seated(key))

    @rule(seconds=st.floats(0, 5))
    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    @rule()
    def take(self) -> None:
        """Ask someone who is wanted and not being asked."""
        turn = self.rota.take(self.now)
        if turn is None:
            assert self.rota.due() > self.now
            return
        assert turn.key in self.wanted
        assert turn.key not in self.asked
        assert turn.seated == self.rota.seated(turn.key)
        self.asked[turn.key] = turn.seated

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), later=st.floats(0, 3), news=st.booleans())
    def give_back(self, data: st.DataObject, later: float, *, news: bool) -> None:
        """Give someone back; news gives it a seat."""
        key = data.draw(st.sampled_from(sorted(self.asked)))
        del self.asked[key]
        loser = self.rota.give_back(key, self.now + later, news=news)
        if key in self.wanted and news:
            assert self.rota.seated(key)
        if loser is not None:
            assert loser in self.asked
            assert not self.rota.seated(loser)

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """Seats are used, the cap is kept, and whoever is not asked will be."""
        many = len(self.wanted) > self.cap
        seats = self.cap - self.turns if many else len(self.wanted)
        assert sum(self.rota.seated(key) for key in self.wanted) == seats
        assert len(self.asked) <= self.cap
        waiting = set(self.wanted) - set(self.asked)
        if waiting and not self.asked:
            assert self.rota.due() < math.inf


TestAsking = Asking.TestCase
TestAsking.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(count=st.integers(4, 60), cap=st.integers(1, 8))
def test_everyone_has_their_turn(count: int, cap: int) -> None:
    """Beyond the cap, no one is asked a second time before everyone was asked once."""
    rota: Rota[int] = Rota(cap, 1)
    rota.replace(range(count))
    seated = {key for key in range(count) if rota.seated(key)}
    asked: Counter[int] = Counter()
    held = []
    for now in range(3 * count):
        turn = rota.take(now)
        if turn is None:
            continue
        if turn.seated:
            held.append(turn.key)  # a long poll that nothing ends
            continue
        asked[turn.key] += 1
        rota.give_back(turn.key, now)
    in_turn = [asked[key] for key in range(count) if key not in seated]
    if in_turn:
        assert max(in_turn) - min(in_turn) <= 1
        assert min(in_turn) >= 1
    assert len(held) == len(set(held)) == len(seated)


def test_what_moves_gets_a_seat() -> None:
    """News takes the seat of the one that has been quiet for longest, which is left alone."""
    rota: Rota[str] = Rota(3, 1)
    rota.replace(["a", "b", "c", "d"])
    taken = [rota.take(0.0) for _ in range(3)]
    assert [turn and turn.key for turn in taken] == ["a", "b", "c"]
    assert rota.give_back("a", 0.0, news=True) is None
    assert rota.give_back("c", 0.0, news=True) == "b"
    assert [key for key in "abcd" if rota.seated(key)] == ["a", "c"]


def test_the_same_again_changes_nothing() -> None:
    """Following what is followed ends no long poll and shortens no pause."""
    rota: Rota[str] = Rota(3, 1)
    rota.replace(["a", "b"])
    assert rota.take(0.0) == ("a", True)
    assert rota.take(0.0) == ("b", True)
    rota.give_back("a", 9.0)
    assert rota.replace(["b", "a"]) == []
    assert rota.take(8.0) is None
    assert rota.due() == 9.0
