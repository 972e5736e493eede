"""The table at the end of the demo: actual and expected figures."""

from dataclasses import dataclass, field

from ..progress import say


@dataclass
class Report:
    """Rows of (what, expected, actual) under headings."""

    rows: list[tuple[str, object, object]] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Start a group of rows."""
        self.rows.append((text, None, None))

    def add(self, what: str, expected: object, actual: object) -> None:
        """Add a figure."""
        self.rows.append((what, expected, actual))

    @property
    def wrong(self) -> list[str]:
        """The rows whose figures differ."""
        return [what for what, expected, actual in self.rows if expected != actual]

    def show(self) -> bool:
        """Print the table; return whether all figures agree."""
        width = max(len(what) for what, _expected, _actual in self.rows) + 2
        rule = "─" * (width + 24)
        say(f"\n  {'':{width}}{'expected':>10}{'actual':>10}\n  {rule}")
        for what, expected, actual in self.rows:
            if expected is None:
                say(f"  {what}")
                continue
            mark = "✓" if expected == actual else "✗"
            say(f"  {'  ' + what:{width}}{expected!s:>10}{actual!s:>10}  {mark}")
        say(f"  {rule}")
        wrong = self.wrong
        if wrong:
            names = "; ".join(wrong)
            say(f"  {len(wrong)} of {self._count()} figures differ: {names}.\n")
        else:
            say(f"  All {self._count()} figures agree.\n")
        return not wrong

    def _count(self) -> int:
        """How many figures there are."""
        return sum(expected is not None for _what, expected, _actual in self.rows)
