"""Sync: deliver what was recorded while a tracking store was away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.errors import StoreAwayError, TrackingError
from ferbench.places import default_root
from ferbench.secret_texts import MASK
from ferbench.sentences import Action, Text
from ferbench.tracking.delivery import Delivery
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.outbox import Outbox, Waiting, outboxes
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

_LOCK_PATIENCE_S: Final = 300.0
"""For another delivery of the same records to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRecord:
    """A run of which something waits for its store.

    Attributes:
        store: the store's address, without its password.
        run_id: the store's, or a provisional one.
        name: readable name of the run; "" = the store knows it already.
        began: when what waits was recorded first.
        num_steps: how much waits.
        reason: why it was not delivered; "" = nobody has tried, or the store did not answer.
        folder: where it waits.
    """

    store: str
    run_id: str
    name: str
    began: datetime
    num_steps: int
    reason: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SyncedRecords:
    """What became of what waited.

    Attributes:
        delivered: runs of which all that waited is in their store now.
        waiting: runs of which something waits still.
    """

    delivered: tuple[WaitingRecord, ...]
    waiting: tuple[WaitingRecord, ...]

    def __repr__(self) -> str:
        """``SyncedRecords: 3 records delivered, 0 waiting``."""
        delivered = plural(len(self.delivered), "record")
        return f"SyncedRecords: {delivered} delivered, {len(self.waiting)} waiting"

    def to_frame(self) -> pd.DataFrame:
        """One row per run: ``run_id, name, store, began, became, reason``."""
        import pandas as pd

        groups = {"delivered": self.delivered, "waiting": self.waiting}
        rows = [
            (each.run_id, each.name, each.store, each.began, became, each.reason)
            for became, records in groups.items()
            for each in records
        ]
        columns = ["run_id", "name", "store", "began", "became", "reason"]
        return pd.DataFrame(rows, columns=columns)


def waiting_records(*, root: Path | None = None) -> list[WaitingRecord]:
    """Runs of which something waits for a store, the oldest first; nothing is changed.

    Args:
        root: the folder that holds runs; None = the default one.
    """
    return [each for outbox in outboxes(root or default_root()) for each in _records(outbox)]


def sync(*, uri: str | None = None, root: Path | None = None) -> SyncedRecords:
    """Deliver what was recorded while a tracking store was away; nothing is delivered twice.

    Args:
        uri: the store; None = all for which something waits. An address with a password must be
            given: passwords are not kept.
        root: the folder that holds runs; None = the default one.

    Raises:
        TrackingError: nothing waits for that store, but for others.
    """
    place = root or default_root()
    waiting = outboxes(place)
    if uri is not None:
        asked = Outbox(root=place, uri=uri)
        if waiting and not asked.waiting():
            stores = " and for ".join(outbox.uri for outbox in waiting)
            raise TrackingError(f"nothing waits for {asked.uri}, but for {stores}", key="uri")
        waiting = [asked]
    synced = [_synced(outbox, uri or outbox.uri, place) for outbox in waiting]
    return SyncedRecords(
        delivered=tuple(record for each in synced for record in each.delivered),
        waiting=tuple(record for each in synced for record in each.waiting),
    )


def _synced(outbox: Outbox, uri: str, root: Path) -> SyncedRecords:
    """What became of what waits for a store; where it cannot be used, all waits with the reason."""
    before, reason = _records(outbox), Text()
    try:
        _deliver(outbox, MlflowStore(uri=uri, root=root))
    except TrackingError as error:
        reason = error.text()
    left = [replace(each, reason=each.reason or reason) for each in _records(outbox)]
    waiting_ids = {each.run_id for each in left}
    delivered = tuple(each for each in before if each.run_id not in waiting_ids)
    return SyncedRecords(delivered=delivered, waiting=tuple(left))


def _deliver(outbox: Outbox, store: MlflowStore) -> None:
    if MASK in store.uri:
        raise TrackingError(
            f"the address {store.uri} needs its password, which is not kept",
            hint=Text("give it: ", Action("sync", settings={"uri": "ADDRESS"})),
        )
    if not store.answers():
        raise StoreAwayError(f"the store {outbox.uri} does not answer; try again later")
    with outbox.held(patience_s=_LOCK_PATIENCE_S) as is_held:
        if not is_held:
            raise TrackingError(f"another delivery from {outbox.folder} has not come to its end")
        Delivery(store).deliver(outbox, again=True)


def _records(outbox: Outbox) -> list[WaitingRecord]:
    return [_record(outbox, waiting) for waiting in outbox.waiting()]


def _record(outbox: Outbox, waiting: Waiting) -> WaitingRecord:
    nanoseconds = int(waiting.steps[0].name.partition("-")[0])
    return WaitingRecord(
        store=outbox.uri,
        run_id=waiting.run_id,
        name=outbox.name_of(waiting),
        began=datetime.fromtimestamp(nanoseconds / 1e9).astimezone(),
        num_steps=len(waiting.steps),
        reason=waiting.refused,
        folder=outbox.folder / waiting.run_id,
    )
