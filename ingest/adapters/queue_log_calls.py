"""What happened to each call of an Asterisk queue_log, from entry to end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingest.event_mappings import QueueLogMapping

_ENTERS: Final = "ENTERQUEUE"
_CONNECTS: Final = "CONNECT"
_COMPLETES: Final = frozenset(
    {
        "COMPLETEAGENT", "COMPLETECALLER", "TRANSFER", "BLINDTRANSFER",
        "ATTENDEDTRANSFER",
    }
)  # fmt: skip
_ABANDONS: Final = "ABANDON"
_LEAVES: Final = frozenset(  # for another place, or dropped by the exchange
    {"EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "AGENTDUMP", "SYSCOMPAT"}
)
_TURNED_AWAY: Final = frozenset({"FULL", "JOINEMPTY", "JOINUNAVAIL"})  # never entered
_ENDS: Final = _COMPLETES | _LEAVES | {_ABANDONS}
_OF_CALLS: Final = _ENDS | _TURNED_AWAY | {_ENTERS, _CONNECTS}
_OF_OTHERS: Final = frozenset(  # about agents and the exchange: never read on
    {
        "ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL",
        "PAUSEREASON", "PENALTY", "AGENTLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF", "RINGNOANSWER", "RINGCANCELED", "HOLD", "UNHOLD",
        "CONFIGRELOAD", "QUEUESTART", "DID", "INFO", "CALLERSTATE",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log, without its agent."""

    line: int
    epoch: float
    call: str
    queue: str
    name: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A call of which the log says nothing more."""

    line: int
    office: str
    entered: float
    outcome: str = ""
    wait: float | None = None
    handling: float | None = None
    fault: str | None = None  # why it cannot be counted
    field: str | None = None


@dataclass(slots=True)
class _Going:
    """A call that is in a queue, or speaks with somebody."""

    line: int
    entered: float | None  # None: before the file begins
    connected: float | None = None
    wait: float | None = None


class LogCalls:
    """Follows the calls of one file."""

    def __init__(self, mapping: QueueLogMapping) -> None:
        self._mapping = mapping
        self._going: dict[tuple[str, str], _Going] = {}
        self._ended: set[tuple[str, str]] = set()
        self.finished: list[Finished] = []

    def take(self, event: Event) -> tuple[str | None, str] | None:
        """Follow one event; give field and reason where it cannot be understood."""
        if event.name in _OF_OTHERS or event.queue in self._mapping.ignored_queues:
            return None
        if event.name not in _OF_CALLS:
            return None, "unknown_category"
        if event.queue not in self._mapping.queues:
            begins = event.name == _ENTERS or event.name in _TURNED_AWAY
            return ("office", "unknown_category") if begins else None
        self._follow(event)
        return None

    def unfinished(self) -> Iterator[Finished]:
        """Yield the calls that go on when the file ends."""
        for (_, queue), call in self._going.items():
            yield self._cut_off(call, queue)

    def _follow(self, event: Event) -> None:
        key = (event.call, event.queue)
        if event.name in _TURNED_AWAY:
            self._end(event, _Going(event.line, event.epoch))
        elif event.name == _ENTERS:
            before = self._going.pop(key, None)
            if before is not None:
                self.finished.append(self._cut_off(before, event.queue))
            self._ended.discard(key)
            self._going[key] = _Going(event.line, event.epoch)
        elif event.name == _CONNECTS:
            self._connect(event, key)
        elif key in self._going:
            self._ended.add(key)
            self._end(event, self._going.pop(key))
        elif key not in self._ended:  # its beginning stands in an earlier file
            self._ended.add(key)
            call = _Going(event.line, None)
            self.finished.append(self._cut_off(call, event.queue))

    def _connect(self, event: Event, key: tuple[str, str]) -> None:
        call = self._going.setdefault(key, _Going(event.line, None))
        call.connected = event.epoch
        call.wait = _seconds(event.details[0], event.epoch, call.entered)

    def _end(self, event: Event, call: _Going) -> None:
        office = self._mapping.queues[event.queue]
        if call.entered is None or (
            event.name in _COMPLETES and call.connected is None
        ):
            self.finished.append(self._cut_off(call, event.queue))
            return
        begun = call.entered if call.connected is None else call.connected
        if event.epoch < begun:
            self.finished.append(
                Finished(call.line, office, call.entered, fault="ended_before_started")
            )
        elif call.connected is not None:
            self.finished.append(
                Finished(
                    call.line, office, call.entered, "answered", call.wait,
                    event.epoch - call.connected,
                )
            )  # fmt: skip
        else:
            given_up = event.name == _ABANDONS
            waited = _seconds(event.details[2], event.epoch, call.entered)
            self.finished.append(
                Finished(
                    call.line, office, call.entered,
                    "abandoned" if given_up else "other", waited,
                )
            )  # fmt: skip

    def _cut_off(self, call: _Going, queue: str) -> Finished:
        office = self._mapping.queues[queue]
        return Finished(call.line, office, call.entered or 0, fault="cut_off")


def _seconds(said: str, epoch: float, entered: float | None) -> float | None:
    """Take the seconds that the exchange says, else those between the two lines."""
    if said.isdecimal():
        return float(said)
    return None if entered is None else epoch - entered
