"""Messages from a student's process."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.expect import message
from autograder.expect.evidence import EvidenceError, EvidenceFailure, encode
from autograder.expect.message import Inbox, Message, pack, unpack


@given(
    st.text(st.characters(categories=["L", "N"]), max_size=message.MAX_ID), st.integers(0, 9999), st.binary(max_size=99)
)
def test_messages_come_back(cell_id, position, content):
    """Is a message unpacked as it was packed, its evidence untouched?"""
    assert unpack(pack(cell_id, position, content)) == Message(cell_id, position, content)


def test_reasons_come_back_short_and_printable():
    """Does the reason why there is no evidence survive, without control characters and in bounded length?"""
    packed = pack("cell", 2, EvidenceFailure("\x1b[31mred\n" + "x" * 10_000))
    reason = unpack(packed).content.reason
    assert reason.startswith(" [31mred x")
    assert len(reason) == message.MAX_REASON


@given(st.binary(max_size=300))
@settings(max_examples=1000)
def test_any_other_bytes_are_refused(data):
    """Does anything but a message raise EvidenceError and nothing else?"""
    with pytest.raises(EvidenceError):
        unpack(data)


def raw(head) -> bytes:
    encoded = encode(head)
    return len(encoded).to_bytes(4, "little") + encoded


@pytest.mark.parametrize(
    "head",
    [
        ("cell", 0),
        ("cell", 0, None, None),
        ["cell", 0, None],
        ("cell", -1, None),
        ("cell", 10_000, None),
        ("cell", True, None),
        ("cell", 0.0, None),
        ("c" * 201, 0, None),
        ("cell\n", 0, None),
        (5, 0, None),
        ("cell", 0, 7),
        ("cell", 0, "x" * 501),
        ("cell", 2**900, None),
    ],
)
def test_heads_of_other_kinds_are_refused(head):
    """Are ids other than a short text and a small number refused?"""
    with pytest.raises(EvidenceError):
        unpack(raw(head))


def test_the_first_message_of_an_id_counts():
    """Is later evidence for the same expectation ignored and noted?"""
    inbox = Inbox()
    inbox.add(pack("cell", 0, b"first"))
    inbox.add(pack("cell", 0, b"second"))
    inbox.add(pack("cell", 0, EvidenceFailure("third")))
    assert inbox.evidence == {("cell", 0): b"first"}
    assert inbox.flags == ["evidence came twice for check 1 of cell cell"]


def test_the_inbox_holds_a_bounded_amount():
    """Does a flood of messages stop taking memory, and its flags too?"""
    inbox = Inbox(max_bytes=10_000)
    for position in range(500):
        inbox.add(pack("cell", position, bytes(100)))
        inbox.add(bytes(position % 37))
    assert sum(len(content) for content in inbox.evidence.values()) < 10_000
    assert any("more evidence" in flag for flag in inbox.flags)
    assert len(inbox.flags) <= 20
