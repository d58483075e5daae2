"""The cases that the public documentation works out, through the model."""

from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

from arithmetic import Limit, Prices, Reservation, expiry_of, instalments, months_after


def at(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


def reservation(bought, term, paid, rows=()):
    return Reservation("", "", "", term, Prices([(at(2020, 1, 1), paid)]), bought, 1, Fraction(paid), Fraction(1), list(rows))


# Bought on 10 July 2024 for a year, returned on 9 July 2025: exactly one day is refunded.
one = reservation(at(2024, 7, 10, 12), "P1Y", 36_500)
assert one.quote(1, at(2025, 7, 9, 23)).refund == 100

# 36 times 100, refunded in month 12: 2,400 count, and 47,600 are left.
three = reservation(at(2026, 1, 15, 9), "P3Y", 360_000, [10_000] * 36)
quote = three.quote(1, at(2026, 12, 20))
assert (quote.completed, quote.total, quote.counts) == (12, 36, 240_000)
limit = Limit()
limit.taken.append((at(2026, 12, 20), quote.counts))
assert limit.most - limit.consumed(at(2026, 12, 21)) == 4_760_000
# Each amount comes back by itself after 365 days.
assert limit.consumed(at(2026, 12, 20) + timedelta(days=364)) == 240_000
assert limit.consumed(at(2026, 12, 20) + timedelta(days=365)) == 0
assert limit.allows(5_000_000, at(2028, 1, 1)) and not limit.allows(5_000_001, at(2028, 1, 1))

# 100 a month for three years: after the 18th payment 1,800 are left to commit to.
assert three.quote(1, at(2027, 6, 20)).counts == 180_000

# The last takes the rest; the 31st is the last day of a shorter month; a leap day loses itself.
assert instalments(58_400, 12) == [4_866] * 11 + [4_874]
assert [months_after(date(2030, 1, 31), month) for month in (1, 2, 3)] == [date(2030, 2, 28), date(2030, 3, 31), date(2030, 4, 30)]
assert expiry_of(at(2028, 2, 29, 8), "P1Y") == at(2029, 2, 28, 8)
assert expiry_of(at(2028, 2, 29, 8), "P3Y") == at(2031, 2, 28, 8)

# The last day is worth nothing; the lower price is the base; parts never exceed the whole.
assert one.quote(1, at(2025, 7, 10, 11)).refund == 0
cheaper = reservation(at(2030, 1, 1), "P1Y", 36_500)
cheaper.prices.rows.append((at(2030, 2, 1), 20_000))
assert cheaper.quote(1, at(2030, 1, 1)).refund == 36_500
assert cheaper.quote(1, at(2030, 2, 1)).refund == round(Fraction(20_000 * 334, 365))
many = reservation(at(2030, 1, 1), "P1Y", 0)
many.quantity, many.paid, many.prices = 7, Fraction(363_300), Prices([(at(2020, 1, 1), 51_900)])
whole, parts = many.quote(7, at(2030, 5, 5)).refund, 0
while many.quantity:
    parts += many.quote(1, at(2030, 5, 5)).refund
    many.take(1)
assert parts == whole, (parts, whole)
print("ok")
