"""The arithmetic of refunds and exchanges, written a second time from the rules alone.

Nothing here is taken from the server. Amounts are integers of minor units; what lies between is an
exact fraction, rounded once, at the end, half to even (as Python's round() does)."""

import calendar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

YEARS = {"P1Y": 1, "P3Y": 3}


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last day of the month where there is none."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def expiry_of(bought: datetime, term: str) -> datetime:
    """The purchase instant plus the term."""
    return datetime.combine(months_after(bought.date(), 12 * YEARS[term]), bought.timetz())


def instalments(total: int, count: int) -> list[int]:
    """All but the last rounded down; the last takes the rest."""
    each = total // count
    return [each] * (count - 1) + [total - each * (count - 1)]


@dataclass
class Prices:
    """Dated prices for the whole term of one instance, in cents: the newest start that is not in
    the future holds."""

    rows: list[tuple[datetime, int]]

    def at(self, now: datetime) -> int:
        return max((start, cents) for start, cents in self.rows if start <= now)[1]


@dataclass
class Quote:
    """What a return of so many is worth, for the returned quantity alone."""

    refund: int
    # None where the rules say no more than that it is what remains of it.
    paid: int | None
    cancelled: int
    completed: int
    total: int

    @property
    def counts(self) -> int:
        """What counts against the yearly limit, and as remaining commitment of an exchange."""
        return self.refund if self.total == 1 else self.cancelled


@dataclass
class Reservation:
    """`quantity` instances. `paid` is what they cost: all at once, or as `rows` of a monthly plan."""

    order: str
    id: str
    size: str
    term: str
    prices: Prices
    bought: datetime
    quantity: int
    paid: Fraction
    rate: Fraction
    rows: list[int] = field(default_factory=list)

    @property
    def is_monthly(self) -> bool:
        return bool(self.rows)

    @property
    def expires(self) -> datetime:
        return expiry_of(self.bought, self.term)

    def due(self, number: int) -> date:
        """When instalment `number` (from 0) falls due, at midnight."""
        return months_after(self.bought.date(), number)

    def completed(self, today: date) -> int:
        """How many instalments are paid."""
        return sum(1 for number in range(len(self.rows)) if self.due(number) <= today)

    def quote(self, taken: int, now: datetime) -> Quote:
        """What a return of `taken` of these instances is worth."""
        assert 0 < taken <= self.quantity and now < self.expires
        return self.monthly_quote(taken, now.date()) if self.is_monthly else self.upfront_quote(taken, now)

    def upfront_quote(self, taken: int, now: datetime) -> Quote:
        left = (self.expires.date() - now.date()).days
        whole = (self.expires.date() - self.bought.date()).days
        present = self.prices.at(now)

        def base(quantity: int) -> Fraction:
            if present < self.prices.at(self.bought):
                return present * quantity / self.rate
            return self.paid * quantity / self.quantity

        def worth(quantity: int) -> int:
            return round(base(quantity) * left / whole)

        refund = worth(self.quantity) - worth(self.quantity - taken)
        return Quote(refund, round(base(taken)), 0, 1, 1)

    def monthly_quote(self, taken: int, today: date) -> Quote:
        completed, rest = self.completed(today), self.quantity - taken
        current = completed - 1
        until = self.due(current + 1) if completed < len(self.rows) else self.expires.date()
        left, whole = (until - today).days, (until - self.due(current)).days

        def worth(row: int) -> int:
            return round(Fraction(row * left, whole))

        left_over = [row * rest // self.quantity for row in self.rows]
        refund = worth(self.rows[current]) - worth(left_over[current])
        cancelled = sum(self.rows[completed:]) - sum(left_over[completed:])
        return Quote(refund, None, cancelled, completed, len(self.rows))

    def take(self, taken: int):
        """So many are gone."""
        rest = self.quantity - taken
        self.rows = [row * rest // self.quantity for row in self.rows]
        self.paid = self.paid * rest / self.quantity
        self.quantity = rest


@dataclass
class Limit:
    """How much may be given back within a window, counted in cents of US dollars."""

    most: int = 5_000_000
    window: timedelta = timedelta(days=365)
    taken: list[tuple[datetime, int]] = field(default_factory=list)

    def consumed(self, now: datetime) -> int:
        return sum(cents for instant, cents in self.taken if now < instant + self.window)

    def allows(self, cents: int, now: datetime) -> bool:
        return self.consumed(now) + cents <= self.most


def in_dollars(minor: int, rate: Fraction) -> int:
    return round(minor * rate)


def fee(refund: int, rate: Fraction) -> int:
    return round(refund * rate)


def price_of(prices: Prices, quantity: int, rate: Fraction, now: datetime) -> int:
    """What so many cost, in minor units of the billing currency."""
    return round(Fraction(prices.at(now) * quantity) / rate)
