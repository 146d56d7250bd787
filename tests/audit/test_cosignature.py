from __future__ import annotations

import pytest

from audit.cosignature import cosigned_message, split_cosignature
from audit.errors import LogFormatError


def test_message_names_the_format_the_time_and_the_text():
    """What a witness signs starts with the format's name and the time."""
    assert cosigned_message("a\n", 17) == b"cosignature/v1\ntime 17\na\n"


@pytest.mark.parametrize("seconds", [-1, 2**63])
def test_time_out_of_range_is_refused(seconds):
    """Times lie between 0 and 2^63."""
    with pytest.raises(LogFormatError):
        cosigned_message("a\n", seconds)


def test_blob_splits_into_time_and_signature():
    """8 bytes of time, 64 of signature."""
    assert split_cosignature(bytes(7) + b"\x05" + b"s" * 64) == (5, b"s" * 64)
    with pytest.raises(LogFormatError):
        split_cosignature(bytes(71))
