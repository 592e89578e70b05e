"""What the statistics promise, on a thousand simulated phones per fault."""

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest
from scipy.stats import kendalltau, theilslopes

from benchmark.doubts import doubts, left_out
from benchmark.intervals import interval, student
from benchmark.latency import Latency
from benchmark.plan import orders
from benchmark.verdict import compare, compare_counts
from ghostnet_tf.base.effort import EFFORTS
from tests.fakes.scripted_target import IN_PIECES, WHOLE
from tests.fakes.simulated_phone import SimulatedPhone

SEEDS = 1000


@cache
def doubted(phone: SimulatedPhone) -> Counter[str]:
    """How many of the phones raise each doubt at standard effort, and how many any."""
    found = Counter()
    for seed in range(SEEDS):
        about = {doubt.about for doubt in doubts(phone.measure(seed)[0])} - {"effort"}
        found.update(about | ({"any"} if about else set()))
    return found


@cache
def winners(phone: SimulatedPhone, b_over_a: float) -> Counter[str | None]:
    """Who wins, how often; `a` takes 10 ms."""
    found = Counter()
    for seed in range(SEEDS):
        a, b = phone.measure(seed, (10.0, 10.0 * b_over_a))
        found[compare("a", a, "b", b).winner] += 1
    return found


def test_a_steady_phone_is_doubted_in_one_case_of_a_hundred_at_most():
    assert doubted(SimulatedPhone())["any"] <= 0.01 * SEEDS


@pytest.mark.parametrize(("drift", "share"), [(0.05, 0.95), (0.1, 0.99), (0.3, 0.99)])
def test_a_phone_that_slows_down_is_noticed(drift, share):
    assert doubted(SimulatedPhone(drift=drift))["drift"] >= share * SEEDS


def test_a_hop_to_a_slower_core_is_noticed():
    assert doubted(SimulatedPhone(hops=True))["two speeds"] >= 0.99 * SEEDS


def test_a_slow_first_run_is_noticed_and_no_other_doubt_raised():
    found = doubted(SimulatedPhone(slow_first_run=2.0))

    assert found["first run"] >= 0.99 * SEEDS
    assert found["spikes"] + found["drift"] + found["two speeds"] <= 0.01 * SEEDS


def test_a_coarse_clock_is_noticed():
    assert doubted(SimulatedPhone(clock_step_ms=1.0))["clock"] >= 0.99 * SEEDS


@pytest.mark.parametrize("drift", [0.0, 0.1])
def test_three_percent_are_seen_and_given_to_the_right_model(drift):
    found = winners(SimulatedPhone(drift=drift), 1.03)

    assert found["a"] >= 0.95 * SEEDS
    assert found["b"] <= 0.01 * SEEDS


@pytest.mark.parametrize(
    "phone",
    [
        SimulatedPhone(),
        SimulatedPhone(drift=0.3),
        SimulatedPhone(hops=True),
        SimulatedPhone(clock_step_ms=1.0),
    ],
    ids=["steady", "slows down", "hops", "coarse clock"],
)
def test_equal_models_are_called_different_in_one_case_of_twenty_at_most(phone):
    found = winners(phone, 1.0)

    assert found["a"] + found["b"] <= 0.05 * SEEDS


def test_all_of_a_and_then_all_of_b_would_name_a_winner_that_is_none():
    phone = SimulatedPhone(drift=0.1)
    wrong = 0
    for seed in range(100):
        (both,) = phone.measure(seed)
        half = len(both.visits) // 2
        verdict = compare("a", Latency(both.visits[:half]), "b", Latency(both.visits[half:]))
        wrong += verdict.winner is not None

    assert wrong > 90


def test_every_second_round_goes_backwards_and_visits_every_model_once():
    plan = orders(models=7, rounds=10, seed=3)

    assert all(sorted(order) == list(range(7)) for order in plan)
    assert all(plan[i + 1] == plan[i][::-1] for i in range(0, 10, 2))
    assert len({tuple(order) for order in plan}) > 2


@pytest.mark.parametrize(
    ("level", "freedom", "t"), [(0.95, 1, 12.706), (0.99, 9, 3.250), (0.95, 30, 2.042)]
)
def test_student_agrees_with_the_printed_tables(level, freedom, t):
    assert student(level, freedom) == pytest.approx(t, abs=1e-3)


@pytest.mark.parametrize("rounds", [2, 3, 6, 10])
def test_a_trend_is_as_likely_as_scipys_exact_test_says(rounds):
    ms = 10 * np.exp(np.random.default_rng(rounds).normal(size=rounds))

    trend = Latency(ms[:, None].tolist()).trend

    slope = theilslopes(np.log(ms)).slope
    assert trend.p == pytest.approx(kendalltau(range(rounds), ms, method="exact").pvalue)
    assert trend.change == pytest.approx(math.expm1(slope * rounds))


def test_equal_rounds_make_a_trend_less_likely_and_break_nothing():
    rising = Latency([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]).trend
    in_steps = Latency([[1.0], [1.0], [3.0], [3.0], [5.0], [6.0]]).trend

    assert rising.p == pytest.approx(2 / math.factorial(6))
    assert rising.p < in_steps.p < 1


@pytest.mark.parametrize("rounds", [4, 6, 10])
def test_the_interval_holds_the_truth_as_often_as_it_says(rounds):
    rng = np.random.default_rng(0)

    missed = sum(not interval(rng.normal(size=rounds), 0.95).is_zero_inside for _ in range(2000))

    assert 0.03 <= missed / 2000 <= 0.07


def test_three_rounds_give_no_interval_and_no_winner():
    a, b = Latency([[10.0, 10.1]] * 3), Latency([[20.0, 20.1]] * 3)

    verdict = compare("a", a, "b", b)

    assert verdict.winner is None
    assert "too few rounds" in verdict.sentence


def test_a_clock_of_whole_milliseconds_cannot_separate_what_it_cannot_see():
    a, b = Latency([[5.0] * 20] * 10), Latency([[6.0] * 20] * 10)  # 5.45 and 5.55 may read so

    assert compare("a", a, "b", b).winner is None


def test_a_remedy_that_is_on_already_is_never_proposed():
    (hops,) = SimulatedPhone(hops=True).measure(0)
    everything = {"strict", "one_core", "fixed_performance", "cooldown", "one_thread"}

    said = {str(doubt) for doubt in doubts(hops, on={"one_thread"})}
    with_all_on = {str(doubt) for doubt in doubts(hops, on=everything)}

    assert any("--core" in text for text in said)
    assert not any("--core" in text or "--effort" in text for text in with_all_on)


def test_strict_effort_is_enough_to_quote():
    effort = EFFORTS["strict"]
    ms = 1e3 * effort.seconds / effort.runs
    visits = [[ms * (1 + 1e-6 * i) for i in range(effort.runs)]] * effort.rounds

    assert "effort" not in {doubt.about for doubt in doubts(Latency(visits))}
    assert "effort" in {doubt.about for doubt in doubts(Latency(visits[1:]))}


def test_verdicts_are_sentences_with_the_better_side_named():
    fast, slow = SimulatedPhone().measure(0, (9.0, 10.0))

    assert compare("a", fast, "b", slow).sentence.startswith("a needs 10.")
    assert "less time than b" in compare("a", fast, "b", slow).sentence
    assert "more time than a" in compare("b", slow, "a", fast).sentence
    assert compare_counts("a", 81, "b", 100).sentence == (
        "a needs 19.0% fewer instructions than b (counted exactly)"
    )


def test_the_numbers_of_a_row_are_those_of_all_runs():
    latency = Latency([[1.0, 2.0, 3.0], [4.0, 5.0, 60.0]])

    assert (latency.typical_ms, latency.p90_ms) == (3.5, 32.5)
    assert latency.per_round.tolist() == [2.0, 5.0]
    assert latency.seconds == pytest.approx(0.075)
    assert latency.interval_ms.low == 0
    assert math.isinf(latency.interval_ms.high)


def test_operators_that_fell_out_of_the_delegate_are_a_doubt_with_their_names():
    (doubt,) = left_out(IN_PIECES)

    assert "100 of 121" in doubt.text
    assert "21 HARD_SWISH" in doubt.text
    assert not left_out(WHOLE)
