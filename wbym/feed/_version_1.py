"""Migration of state files from version 1 to 2: refs get nouns, deliveries their current shape.

Event ids, and the keys of records that were seen before, do not change.
"""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from wbym._sqlite import Connection, Row
from wbym.domain import Action, Delivery, DeliveryState, Noun
from wbym.feed._actions import decode_action
from wbym.feed._delivery import FINAL
from wbym.feed._events import EventKind
from wbym.feed._migration import BROKEN, fields_of, pack, rewrite_rows, unpack
from wbym.feed._serialization import decode_chat, decode_record
from wbym.feed._store import StoredEvent
from wbym.feed._version_2 import split_place
from wbym.observe import LogFacts
from wbym.paging._parts import unstamp

__all__ = ["upgrade"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_UNREADABLE: Final = "unreadable"
"""The former kind of ``undecodable`` events."""
_NOUNS: Final[Mapping[str, Noun]] = {
    EventKind.CHAT.value: Noun.CHAT,
    EventKind.MESSAGE.value: Noun.MESSAGE,
    EventKind.QUESTION.value: Noun.QUESTION,
    EventKind.FEEDBACK.value: Noun.FEEDBACK,
    EventKind.RETURN.value: Noun.RETURN,
    EventKind.RETURN_CHANGED.value: Noun.RETURN,
    _UNREADABLE: Noun.UNDECODABLE,
}
"""Nouns by the kind of an event, except for answers."""
_WITHOUT_FILES: Final = "without files: "
"""The prefix of the note of a message whose files failed."""


def upgrade(db: Connection) -> None:
    """Rewrite events and deliveries, row by row, in the caller's transaction.

    A row that cannot be decoded is deleted and logged. If only the action of a delivery cannot be
    decoded, its key is kept and the delivery becomes ``UNKNOWN``.
    """
    rewrite_rows(
        db,
        "SELECT seq, id, account, kind, at, record, chat FROM event"
        " WHERE seq > ? ORDER BY seq LIMIT ?",
        _event,
        "DELETE FROM event WHERE seq = ?",
    )
    rewrite_rows(
        db,
        "SELECT rowid, key, account, state, body, work FROM delivery"
        " WHERE rowid > ? ORDER BY rowid LIMIT ?",
        _delivery,
        "DELETE FROM delivery WHERE rowid = ?",
    )


def _event(db: Connection, row: Row) -> None:
    seq, id_, account, kind, at, record, chat = row
    noun = _NOUNS.get(kind)
    if noun is None:
        # The names before the noun and the id after it may contain slashes.
        rest = id_.partition("/")[2].removeprefix(f"{account}/")
        noun = Noun.QUESTION if rest.startswith("question/") else Noun.FEEDBACK
    new = StoredEvent(
        id_,
        account,
        EventKind.UNDECODABLE if kind == _UNREADABLE else EventKind(kind),
        unstamp(at),
        pack(_record(unpack(record), noun)),
        None if chat is None else pack(_record(unpack(chat), Noun.CHAT)),
    )
    decode_record(new)
    decode_chat(new)
    values = (new.record, new.chat, seq)
    db.execute("UPDATE event SET record = ?, chat = ? WHERE seq = ?", values)


def _delivery(db: Connection, row: Row) -> None:
    rowid, key, account, state, body, work = row
    old = msgspec.json.decode(body, type=dict[str, object])
    try:
        sent = fields_of(unpack(work)) if work else {}
    except BROKEN:
        sent = {}
    noun = _noun(db, key, account, old, sent)
    target = {**fields_of(old["target"]), "noun": noun}
    text, decision, note = str(old["text"]), None, old["note"]
    if old["action"] == Action.DECIDE:
        decision, _, text = text.partition(": ")
    failed: list[str] = []
    if old["action"] == Action.SEND and str(note).startswith(_WITHOUT_FILES):
        failed, note = str(note).removeprefix(_WITHOUT_FILES).split("; "), None
    payload = b""
    if state not in FINAL:
        try:
            payload = _payload(str(old["action"]), target, text, sent)
        except BROKEN as error:
            state = DeliveryState.UNKNOWN.value
            note = f"an earlier wbym saved it, and it cannot be decoded ({type(error).__name__})"
            logger.warning(
                "%s: the delivery %r can no longer be sent (%s)",
                db.path,
                key,
                type(error).__name__,
                extra=LogFacts(account=account),
            )
    new = msgspec.convert(
        old
        | {
            "target": target,
            "text": text,
            "decision": decision,
            "state": state,
            "idempotency_key": key,
            "id": old["message_id"],
            "failed_files": failed,
            "note": note,
        },
        Delivery,
    )
    db.execute(
        "UPDATE delivery SET target = ?, state = ?, body = ?, work = ? WHERE rowid = ?",
        (
            str(new.target),
            state,
            msgspec.json.encode(new).decode(),
            payload,
            rowid,
        ),
    )


def _noun(
    db: Connection, key: str, account: str, old: Mapping[str, object], sent: Mapping[str, object]
) -> Noun:
    """The noun of a delivery's target; for a final answer, by what is known of the id."""
    if old["action"] != Action.ANSWER:
        return Noun.CHAT if old["action"] == Action.SEND else Noun.RETURN
    for noun in (Noun.QUESTION, Noun.FEEDBACK):
        if sent.get(noun) is not None:
            return noun
    id_ = fields_of(old["target"])["id"]
    seen = db.query(
        "SELECT DISTINCT memo.key FROM memo JOIN stream ON stream.id = memo.stream"
        " WHERE stream.account = ? AND memo.key IN (?, ?)",
        (account, f"question/{id_}", f"feedback/{id_}"),
    )
    if len(seen) == 1:
        return Noun(seen[0][0].partition("/")[0])
    if f"/{account}/question/{id_}" in key:
        return Noun.QUESTION
    if f"/{account}/feedback/{id_}" not in key:
        logger.warning(
            "%s: the delivery %r answered %s, which is assumed to be a feedback",
            db.path,
            key,
            id_,
            extra=LogFacts(account=account),
        )
    return Noun.FEEDBACK


def _payload(
    action: str, target: Mapping[str, object], text: str, sent: Mapping[str, object]
) -> bytes:
    """Encode the action as of version 2."""
    fields: dict[str, object] = {"action": action, "target": target, "text": text}
    for name, noun in (
        ("chat", Noun.CHAT),
        ("question", Noun.QUESTION),
        ("feedback", Noun.FEEDBACK),
        ("return_", Noun.RETURN),
    ):
        if sent.get(name) is not None:
            fields[name] = _record(sent[name], noun)
    if action == Action.SEND:
        fields["files"] = sent["files"]
    if action == Action.DECIDE:
        fields |= {name: sent[name] for name in ("reason", "amount")}
        fields["decision"] = _decision(sent["decision"])
        fields["text"] = sent["comment"] or ""
    packed = pack(fields)
    decode_action(packed)
    return packed


def _record(value: object, noun: Noun) -> dict[str, object]:
    """A record with nouns in its refs and with renamed fields."""
    fields = fields_of(value)
    fields["ref"] = {**fields_of(fields["ref"]), "noun": noun}
    match noun:
        case Noun.MESSAGE:
            fields["chat"] = {**fields_of(fields["chat"]), "noun": Noun.CHAT}
        case Noun.FEEDBACK:
            # Comments were only counted, so it was not known whether one is the seller's.
            fields["answer_known"] = not (fields["answer"] is None and fields["comments"])
        case Noun.RETURN:
            decisions = msgspec.convert(fields["decisions"], list[object])
            fields["decisions"] = [_decision(one) for one in decisions]
        case Noun.UNDECODABLE:
            return split_place(fields)
        case _:
            pass
    return fields


def _decision(value: object) -> dict[str, object]:
    fields = fields_of(value)
    fields["min_amount"], fields["max_amount"] = fields.pop("least"), fields.pop("most")
    return fields
