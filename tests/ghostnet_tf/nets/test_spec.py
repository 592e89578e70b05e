import itertools
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostnet_tf.nets.spec import FEATURE_TAPS, GHOSTNET, HEAD, divisible, ghostnet


@pytest.mark.parametrize(
    ("channels", "rounded"),
    [(1, 4), (5.9, 8), (6, 8), (8, 8), (18, 20), (30, 32), (20.8, 20), (93.6, 92)],
)
def test_known_channel_counts_are_rounded_as_the_authors_do(channels, rounded):
    assert divisible(channels) == rounded


@given(st.floats(1, 5000), st.sampled_from([4, 8]))
def test_rounding_gives_a_multiple_near_by_and_never_takes_a_tenth_away(channels, divisor):
    rounded = divisible(channels, divisor)

    assert rounded % divisor == 0 and rounded >= max(divisor, 0.9 * channels)
    assert rounded - channels <= divisor


def test_width_1_is_the_table_of_the_paper():
    assert ghostnet(1.0).blocks == GHOSTNET
    assert (ghostnet(1.0).stem, ghostnet(1.0).last) == (16, 960)


@pytest.mark.parametrize(("width", "stem", "last"), [(0.5, 8, 480), (1.3, 20, 1248)])
def test_every_channel_count_but_the_heads_follows_the_width(width, stem, last):
    rows = ghostnet(width)

    assert (rows.stem, rows.last, rows.head) == (stem, last, HEAD)
    assert all(
        (row.hidden, row.out) == (divisible(paper.hidden * width), divisible(paper.out * width))
        for row, paper in zip(rows.blocks, GHOSTNET, strict=True)
    )


def test_width_leaves_kernels_strides_and_squeeze_ratios_alone():
    assert [(b.kernel, b.stride, b.se) for b in ghostnet(0.3).blocks] == [
        (b.kernel, b.stride, b.se) for b in GHOSTNET
    ]


def test_the_taps_are_the_last_blocks_of_strides_4_to_32():
    strides = list(itertools.accumulate((2 * GHOSTNET[0].stride, *(b.stride for b in GHOSTNET[1:])),
                                        int.__mul__))  # fmt: skip

    last_of = {stride: i for i, stride in enumerate(strides)}

    assert FEATURE_TAPS == tuple(last_of[stride] for stride in (4, 8, 16, 32))


def test_a_row_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        GHOSTNET[0].out = 17  # pyright: ignore[reportAttributeAccessIssue]
