"""The search for the cheapest rewrites, with costs out of a table in place of a benchmark."""

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pytest
from small_ghost import BLOCKS, photos, small, small_int8

from export.graph import Graph
from export.tuning import candidate as candidates
from export.tuning.candidate import Plain
from export.tuning.cost import Cost
from export.tuning.rewrites import REWRITES, Choice, choices
from export.tuning.search import (
    BEST,
    CHEAPER,
    DEARER,
    EVERY,
    PARTLY,
    SAME,
    TAKEN,
    TOGETHER,
    TRIMMED,
    UNEQUAL,
    UNFIT,
    Search,
    Trial,
)
from ghostnet_tf.base.errors import UserError

LATE, SPLIT = Choice("late_concat"), Choice("split_consumer")
GHOST = Choice("operator", "ghost")


class Priced:
    """A benchmark whose price of a file is that of its graph."""

    def __init__(self, plain: bytes, price: Callable[[Graph], float], blur: float = 0.0):
        self.price, self.blur, self.n_measured = price, blur, 0
        self.plain = price(Graph(plain))

    def costs(self, files: Sequence[bytes], advance: Callable[[int], object]) -> list[Cost]:
        self.n_measured += len(files)
        advance(len(files))
        prices = [self.price(Graph(data)) for data in files]
        ratios = [price / self.plain for price in prices]
        return [
            Cost(self.plain, price, ratio - self.blur, ratio + self.blur)
            for price, ratio in zip(prices, ratios, strict=True)
        ]


def copied_pixels(graph: Graph) -> float:
    """What concatenations copy, and a hundred for whatever else there is."""
    copies = (op for op in graph.ops if op.name == "CONCATENATION")
    return 1e4 + sum(int(np.prod(graph.shape(op.outputs[0])[:3])) for op in copies)


def search(data: bytes, price, rewrites: tuple[str, ...] = tuple(REWRITES), **more) -> Search:
    plain = Plain(data, "small.tflite", photos(2))
    return Search(plain, Priced(data, price, **more), choices(rewrites))  # type: ignore[arg-type]


def run(one: Search, is_deep: bool = True) -> Trial | None:
    for todo in one.rounds(is_deep):
        one.attempt(todo)
    return one.taken


def alone(one: Search) -> int:
    """Each rewrite alone; how many measurements that was said to take."""
    todo = next(one.rounds(is_deep=False))
    n = one.count(todo)
    one.attempt(todo)
    return n


def of(one: Search, where: str) -> dict[str, str]:
    """What was tried there, and the verdict on each."""
    return {" + ".join(map(str, t.rewrites)): t.verdict for t in one.trials if t.where == where}


def test_the_cheapest_forms_of_all_blocks_are_taken():
    one = search(small_int8(), copied_pixels, ("late_concat", "split_consumer"))

    taken = run(one)

    assert taken and taken.plan == {"block_01": (LATE,), "block_03": (LATE,)}
    # 256 pixels of block 1 and 64 of block 3 became 64 and 16.
    assert taken.cost and taken.cost.before - taken.cost.after == (256 - 64) + (64 - 16)
    assert [t.verdict for t in one.judged() if t.where == "block_01"] == [TAKEN, UNFIT]


def test_a_rewrite_may_fit_only_on_top_of_another():
    """The convolution of block 1 reads a concat only after this went behind the depthwise one."""
    one = search(small(), copied_pixels, ("late_concat", "split_consumer"))

    taken = run(one)

    assert of(one, "block_01")["split_consumer"] == UNFIT
    assert taken and taken.plan["block_01"] == (LATE, SPLIT)
    assert not [t for t in one.trials if t.verdict == UNFIT and len(t.rewrites) > 1]


def test_a_shallow_search_tries_each_rewrite_alone():
    one = search(small_int8(), copied_pixels, ("late_concat", "split_consumer"))

    run(one, is_deep=False)

    alone = [t for t in one.trials if t.where not in (EVERY, BEST)]
    assert len(alone) == 4 * len(one.choices)  # these have no place in stem and logits
    assert all(len(t.rewrites) == 1 for t in alone)


def test_parts_of_what_is_taken_are_told_from_all_of_it():
    one = search(small_int8(), lambda graph: float(len(graph.ops)), ("operator",))

    taken = run(one)

    assert taken and len(taken.plan["block_01"]) == 2
    judged = {
        " + ".join(map(str, t.rewrites)): t.verdict for t in one.judged() if t.where == "block_01"
    }
    assert judged["operator ghost"] == PARTLY
    assert judged["operator depthwise + operator ghost"] == TAKEN


def test_blocks_that_do_not_add_up_are_left_plain():
    """Together they are dearer than the plain file; the one that gains most stays."""

    def price(graph: Graph) -> float:
        names = "".join(graph.names)
        late = [f"{block}/dw/norm/side_0" in names for block in ("block_01", "block_03")]
        return 120.0 if all(late) else 100.0 - 2 * late[0] - late[1]

    one = search(small_int8(), price, ("late_concat",))

    taken = run(one)

    assert taken and taken.plan == {"block_01": (LATE,)}
    assert of(one, BEST) == {"late_concat": CHEAPER}


def modules(graph: Graph) -> set[int]:
    """The numbers of the blocks whose modules are operators."""
    plain = {i for i in range(4) if f"block_0{i}/ghost1/cheap_1/act" in graph.names}
    return set(range(4)) - plain


@pytest.mark.parametrize("losses", [{3}, {2, 3}])
def test_what_makes_the_cheapest_whole_dearer_is_not_in_the_file(losses):
    """No operator gains alone, for it ends a partition; together they do, but for some."""

    def price(graph: Graph) -> float:
        there = modules(graph)
        return 100.0 - 10 * (len(there) > 1) + 2 * len(there & losses)

    one = search(small_int8(), price, ("operator",))

    taken = run(one)

    kept = [block for i, block in enumerate(BLOCKS) if i not in losses]
    assert taken and taken.plan == {block: (GHOST,) for block in kept}
    assert taken.where == TRIMMED and taken.cost and taken.cost.after == 90
    untaken = [t.verdict for t in one.judged() if t.where == "block_03" and t.rewrites == (GHOST,)]
    assert untaken == [DEARER]


def test_what_gains_among_others_alone_stays_and_says_so():
    one = search(
        small_int8(), lambda graph: {0: 100.0, 1: 101.0, 4: 80.0}.get(len(modules(graph)), 90.0),
        ("operator",),
    )  # fmt: skip

    taken = run(one)

    assert taken and taken.where == EVERY and taken.plan == {block: (GHOST,) for block in BLOCKS}
    alone = [t.verdict for t in one.judged() if t.where in BLOCKS and t.rewrites == (GHOST,)]
    assert alone == [TOGETHER] * 4


def test_a_round_says_before_it_begins_how_much_it_measures():
    one = search(small_int8(), copied_pixels)

    steps = []
    for todo in one.rounds(is_deep=True):
        n, done = one.count(todo), []
        one.attempt(todo, done.append)
        steps.append((todo.title, n, sum(done)))

    assert [done for _, _, done in steps] == [n for _, n, _ in steps]
    assert sum(n for _, n, _ in steps) == one.benchmark.n_measured  # type: ignore[attr-defined]
    assert [title for title, _, _ in steps][:2] == [
        "each rewrite alone", "one rewrite more where one helped",
    ]  # fmt: skip


def test_where_nothing_is_cheaper_the_plain_file_is():
    one = search(small_int8(), lambda graph: 100.0, ("late_concat", "channel_padding"))

    assert run(one) is None
    assert not {TAKEN, CHEAPER} & {t.verdict for t in one.judged()}


def test_what_cannot_be_told_apart_is_not_taken():
    one = search(small_int8(), copied_pixels, ("late_concat",), blur=0.01)

    taken = run(one)

    # One block's copies are within the blur; those of both are not.
    assert of(one, "block_03") == {"late_concat": SAME}
    assert taken and (taken.where, set(taken.plan)) == (EVERY, {"block_01", "block_03"})


def test_a_second_rewrite_that_cannot_be_told_apart_from_the_first_is_not_added():
    def price(graph: Graph) -> float:
        names = "".join(graph.names)
        return 100.0 - 30 * ("block_01/dw/norm/side_0" in names) - ("/padded" in names)

    sharp, blurred = (
        search(small_int8(), price, ("late_concat", "channel_padding"), blur=blur)
        for blur in (0.0, 0.02)
    )
    for one in (sharp, blurred):
        for todo in islice(one.rounds(is_deep=True), 2):
            one.attempt(todo)

    best = [one.best_of("block_01") for one in (sharp, blurred)]
    assert [len(t.rewrites) if t else 0 for t in best] == [2, 1]


def test_blocks_of_the_same_shapes_share_one_measurement():
    data = small_int8()
    one = search(data, copied_pixels, ("operator",))
    assert alone(one) == (first := one.benchmark.n_measured)  # type: ignore[attr-defined]

    assert alone(one) == 0

    again = one.trials[len(one.trials) // 2 :]
    assert one.benchmark.n_measured == first  # type: ignore[attr-defined]
    assert {t.like for t in again if t.cost} == {t.where for t in again if t.cost}


def test_what_is_not_equal_is_refused_before_it_is_measured(monkeypatch):
    from test_rewrites import first_side_twice

    first_side_twice(monkeypatch)
    one = search(small_int8(), copied_pixels, ("late_concat",))

    assert run(one) is None
    assert of(one, "block_01") == {"late_concat": UNEQUAL}
    assert one.benchmark.n_measured == 0  # type: ignore[attr-defined]
    why = next(t.why for t in one.trials if t.verdict == UNEQUAL)
    assert why.startswith("block_01/") and "bytes differ" in why


def test_too_many_operators_do_not_fit(monkeypatch):
    monkeypatch.setattr(candidates, "MAX_NODES", 1)
    one = search(small_int8(), copied_pixels, ("operator",))
    alone(one)

    found = [t for t in one.trials if t.where == "block_01" and t.rewrites == (GHOST,)]
    assert found[0].why == "2 operators; a file has room for 1"


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: with_float16_weights(), "neither float32 nor full int8"),
        (lambda: with_operators(), "has Ghost operators already"),
    ],
)
def test_files_of_other_kinds_are_refused(make, what):
    with pytest.raises(UserError, match=what):
        Plain(make(), "other.tflite", photos(2))


def with_float16_weights() -> bytes:
    from export.quantize import quantize

    return quantize(small(), "float16", None)


def with_operators() -> bytes:
    from export.ghostop import ghostop_file

    return ghostop_file.with_operators(small_int8(), "small.tflite")


def test_a_file_without_ghost_modules_is_refused(small_float32):
    from ghosts import images

    with pytest.raises(UserError, match=r"no Ghost module in 'net\.tflite'"):
        Plain(small_float32, "net.tflite", images(2))
