"""One message per expectation: which one, and the evidence or why there is none."""

from dataclasses import dataclass

from autograder.expect.evidence import EvidenceError, EvidenceFailure, decode, encode
from autograder.expect.expectation import Id

MAX_ID = 200
MAX_POSITION = 10_000
MAX_REASON = 500
_HEAD = 1024  # bytes that the parts other than the evidence can need


@dataclass(frozen=True)
class Message:
    """What a student's process says of one expectation."""

    cell_id: str
    position: int
    content: bytes | EvidenceFailure


def pack(cell_id: str, position: int, content: bytes | EvidenceFailure) -> bytes:
    """A message's bytes: a length-prefixed head, then the evidence as it is."""
    reason, evidence = (content.reason[:MAX_REASON], b"") if isinstance(content, EvidenceFailure) else (None, content)
    head = encode((cell_id, position, reason))
    return len(head).to_bytes(4, "little") + head + evidence


def unpack(data: bytes) -> Message:
    """The message in some bytes; the evidence stays undecoded. Raises EvidenceError for anything else."""
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or size > min(len(data) - 4, _HEAD * 4):
        raise EvidenceError("a message without a head")
    head = decode(data[4 : 4 + size])
    if type(head) is not tuple or len(head) != 3:
        raise EvidenceError("a message whose head is not (cell, position, reason)")
    cell_id, position, reason = head
    if type(cell_id) is not str or len(cell_id) > MAX_ID or not cell_id.isprintable():
        raise EvidenceError("a message whose cell id is not a short text")
    if type(position) is not int or not 0 <= position < MAX_POSITION:
        raise EvidenceError("a message whose position is not a small number")
    if reason is None:
        return Message(cell_id, position, data[4 + size :])
    if type(reason) is not str or len(reason) > MAX_REASON or len(data) > 4 + size:
        raise EvidenceError("a message whose reason is not a short text")
    return Message(cell_id, position, EvidenceFailure("".join(c if c.isprintable() else " " for c in reason)))


class Inbox:
    """Messages by expectation. The first one for an id is kept; whatever else comes is noted in `flags`."""

    def __init__(self, max_bytes: int = 512 * 2**20):
        self.evidence: dict[Id, bytes | EvidenceFailure] = {}
        self.flags: list[str] = []
        self.room = max_bytes

    def add(self, data: bytes) -> None:
        """Take one message's bytes, whatever they are; never raises."""
        self.room -= len(data)
        if self.room < 0:
            self.flag("more evidence than can be kept")
            return
        try:
            message = unpack(data)
        except EvidenceError as error:
            self.flag(f"a message that is none: {error}")
            return
        key = (message.cell_id, message.position)
        if key in self.evidence:
            self.flag(f"evidence came twice for check {message.position + 1} of cell {message.cell_id}")
        else:
            self.evidence[key] = message.content

    def flag(self, text: str) -> None:
        if text not in self.flags and len(self.flags) < 20:
            self.flags.append(text)
