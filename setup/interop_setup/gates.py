"""The limits that a bench's figures have to keep: told, noted, never hidden."""

from collections.abc import Mapping
from dataclasses import dataclass

from .progress import say


@dataclass(frozen=True)
class Gate:
    """A limit of one figure.

    :param limit: the value that is just good enough
    :param more: whether more is better
    """

    limit: float
    more: bool = False

    def met(self, value: float | None) -> bool:
        """Whether a figure keeps the limit; one that was not measured does not."""
        if value is None:
            return False
        return value >= self.limit if self.more else value <= self.limit

    def __str__(self) -> str:
        return f"at {'least' if self.more else 'most'} {self.limit}"


def at_least(limit: float) -> Gate:
    """A gate of a figure of which more is better."""
    return Gate(limit, True)


def at_most(limit: float) -> Gate:
    """A gate of a figure of which less is better."""
    return Gate(limit)


def judged(
    gates: Mapping[str, Gate], figures: Mapping[str, float]
) -> dict[str, dict[str, object]]:
    """Each gate with its figure (null when it was not measured) and whether it is met."""
    return {
        name: {
            "value": figures.get(name),
            "limit": gate.limit,
            "more_is_better": gate.more,
            "met": gate.met(figures.get(name)),
        }
        for name, gate in gates.items()
    }


def tell(gates: Mapping[str, Gate], figures: Mapping[str, float]) -> None:
    """Say which gates were missed."""
    for name, gate in gates.items():
        value = figures.get(name)
        if not gate.met(value):
            what = "was not measured" if value is None else f"is {value}"
            say(f"    missed: {name} {what}, the gate is {gate}")
