"""Random stories: buys, moves the clock, splits, gives parts back and exchanges them, and holds each
answer of the server against `arithmetic.py`.

SERVER, TOKEN and CUSTOMER say where and as whom; SEED and STEPS what happens; RATE (US dollars for
one of the partner's currency), FEE and CUTOFF repeat the server's settings; PRICES is the file of
further prices that the server was given."""

import json
import os
import random
import sys
import urllib.error
import urllib.request
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from arithmetic import Limit, Prices, Quote, Reservation, fee, in_dollars, instalments, price_of

SERVER, TOKEN = os.environ["SERVER"], os.environ["TOKEN"]
CUSTOMER, SUBSCRIPTION = os.environ["CUSTOMER"], os.environ["SUBSCRIPTION"]
SEED, STEPS = int(os.environ["SEED"]), int(os.environ["STEPS"])
CURRENCY, RATE = os.environ["CURRENCY"], Fraction(os.environ["RATE"])
FEE = Fraction(os.environ["FEE"])
CUTOFF = datetime.fromisoformat(os.environ["CUTOFF"])
ROOT = Path(__file__).parents[2]
CAPACITY = "/providers/Microsoft.Capacity"
MINUTE = timedelta(minutes=1)

# In dollars every price is a whole number of cents an instance, and each answer is settled. In other
# currencies a part's share of what was paid is not, and may be off by the unit that shares leave over;
# there the story goes on with what the server said.
SLACK = 0 if CURRENCY == "USD" else 2
# Big enough to meet the limit of a year, small enough to stay below it often.
SIZES = ["Standard_D2s_v5", "Standard_D2ds_v5", "Standard_D8as_v5", "Standard_E16s_v5", "Standard_B2s_v2"]
TERMS = {"1 Year": "P1Y", "3 Years": "P3Y"}


def read_prices() -> dict[tuple[str, str], Prices]:
    found: dict[tuple[str, str], Prices] = {}
    for path in (ROOT / "data/catalog.json", os.environ["PRICES"]):
        for row in json.loads(Path(path).read_text(), parse_float=Decimal, parse_int=Decimal)["Items"]:
            if row["type"] == "Reservation" and row["armRegionName"] == "eastus" and row["armSkuName"] in SIZES:
                start = datetime.fromisoformat(row["effectiveStartDate"].replace("Z", "+00:00"))
                key = row["armSkuName"], TERMS[row["reservationTerm"]]
                found.setdefault(key, Prices([])).rows.append((start, int(row["retailPrice"] * 100)))
    return found


PRICES = read_prices()
chance = random.Random(SEED)


def call(method, path, body=None):
    """The status and the JSON."""
    request = urllib.request.Request(SERVER + path, method=method)
    request.add_header("Authorization", "Bearer " + TOKEN)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text, parse_float=Decimal, parse_int=Decimal) if text else None


def azure(method, path, body=None, query=""):
    return call(method, f"{CAPACITY}{path}?api-version=2022-11-01{query}", body)


def ok(answer):
    status, body = answer
    assert status == 200, f"answered {status}: {body}"
    return body


def same(got, wanted, what):
    assert got == wanted, f"{what}: the server says {got}, the model {wanted}"


def near(got, wanted, what):
    assert abs(got - wanted) <= SLACK, f"{what}: the server says {got}, the model {wanted}"


def minor(price, currency=CURRENCY) -> int:
    same(price["currencyCode"], currency, "currency")
    cents = Decimal(price["amount"]) * 100
    assert cents == int(cents), f"{price} is finer than its currency"
    return int(cents)


def codes(errors) -> set[str]:
    return {error["code"] for error in errors or []}


class World:
    """What the model believes, and the steps that put it to the test."""

    def __init__(self):
        self.now = datetime(2030, 3, 11, 9, 30, tzinfo=timezone.utc)
        self.held: list[Reservation] = []
        self.limit = Limit()
        self.charged = 0
        self.checks: dict[str, int] = {}

    # The clock

    def move(self, to: datetime):
        ok(call("POST", "/_reservoir/clock", {"now": to.isoformat().replace("+00:00", "Z")}))
        before, self.now = self.now, to
        for one in self.held:
            for number, row in enumerate(one.rows):
                due = datetime.combine(one.due(number), time(), timezone.utc)
                if before < due <= to and due < one.expires:
                    self.charged += row
        self.held = [one for one in self.held if to < one.expires]

    def wait(self):
        """Some days, to a moment from which an hour does not cross midnight."""
        day = self.now.date() + timedelta(days=chance.choice([1, 1, 2, 7, 17, 30, 31, 45, 61, 120]))
        self.move(datetime.combine(day, time(chance.randrange(1, 22), chance.randrange(60)), timezone.utc))

    # Buying

    def request(self, size, term, quantity, plan):
        return {
            "sku": {"name": size},
            "location": "eastus",
            "properties": {
                "reservedResourceType": "VirtualMachines", "billingScopeId": f"/subscriptions/{SUBSCRIPTION}", "term": term,
                "billingPlan": plan, "quantity": quantity, "displayName": "model", "appliedScopeType": "Shared",
            },
        }

    def choice(self, most=12):
        return (chance.choice(SIZES), chance.choice(["P1Y", "P1Y", "P3Y"]), chance.randint(1, most),
                chance.choice(["Upfront", "Upfront", "Monthly"]))

    def take_in(self, order, reservation, size, term, quantity, plan, total):
        rows = instalments(total, {"P1Y": 12, "P3Y": 36}[term]) if plan == "Monthly" else []
        self.held.append(Reservation(order, reservation, size, term, PRICES[size, term], self.now, quantity,
                                     Fraction(total), RATE, rows))
        self.charged += rows[0] if rows else total

    def buy(self):
        size, term, quantity, plan = self.choice()
        body = self.request(size, term, quantity, plan)
        total = price_of(PRICES[size, term], quantity, RATE, self.now)
        told = ok(azure("POST", "/calculatePrice", body, "&explain=true"))["properties"]
        same(minor(told["billingCurrencyTotal"]), total, "price")
        self.explained(told, total)
        if plan == "Monthly":
            # In the partner's currency only the first is known; the others are told in dollars.
            schedule = told["paymentSchedule"]
            wanted = instalments(total, len(schedule))
            same(len(schedule), {"P1Y": 12, "P3Y": 36}[term], "instalments")
            same(minor(schedule[0]["billingCurrencyTotal"]), wanted[0], "first instalment")
            if CURRENCY == "USD":
                same([minor(row["pricingCurrencyTotal"]) for row in schedule], wanted, "instalments")
        order = told["reservationOrderId"]
        bought = ok(azure("PUT", f"/reservationOrders/{order}", body))
        same(len(bought["properties"]["reservations"]), 1, "reservations of an order")
        reservation = bought["properties"]["reservations"][0]["id"].rsplit("/", 1)[1]
        self.take_in(order, reservation, size, term, quantity, plan, total)
        one = self.held[-1]
        expiry = bought["properties"]["expiryDate"]
        same(date.fromisoformat(expiry), one.expires.date(), "expiry")
        self.count("bought")

    # What becomes of a reservation

    def full_id(self, one):
        return f"{CAPACITY}/reservationOrders/{one.order}/reservations/{one.id}"

    def returning(self, one, taken):
        return {"reservationId": self.full_id(one), "quantity": taken}

    def follow(self, one, taken):
        """After a part of it is gone the rest has an id of its own."""
        one.take(taken)
        listed = ok(azure("GET", f"/reservationOrders/{one.order}/reservations"))["value"]
        known = {other.id for other in self.held if other is not one}
        alive = {item["id"].rsplit("/", 1)[1]: int(item["properties"]["quantity"]) for item in listed
                 if item["properties"]["provisioningState"] == "Succeeded"}
        fresh = {name: quantity for name, quantity in alive.items() if name not in known}
        if one.quantity == 0:
            same(fresh, {}, "what is left of a reservation that is gone")
            self.held.remove(one)
        else:
            same(list(fresh.values()), [one.quantity], "what is left")
            one.id = next(iter(fresh))

    def split(self):
        """Splits one that was paid at once."""
        many = [one for one in self.held if one.quantity > 1 and not one.is_monthly]
        if not many:
            return
        one = chance.choice(many)
        first = chance.randint(1, one.quantity - 1)
        quantities = [first, one.quantity - first]
        parts = ok(azure("POST", f"/reservationOrders/{one.order}/split",
                         {"properties": {"quantities": quantities, "reservationId": self.full_id(one)}}))
        same([int(part["properties"]["quantity"]) for part in parts], [*quantities, one.quantity], "parts")
        self.held.remove(one)
        for part, quantity in zip(parts, quantities):
            self.held.append(Reservation(one.order, part["name"], one.size, one.term, one.prices, one.bought, quantity,
                                         one.paid * quantity / one.quantity, RATE))
        self.count("split")

    # Giving back

    def check_billing(self, told, quote: Quote):
        paid, prorated = (minor(told[f"billingCurrency{name}Amount"]) for name in ("TotalPaid", "Prorated"))
        same(paid - prorated, quote.refund, "paid less prorated")
        if quote.paid is not None:
            near(paid, quote.paid, "base")
        same(minor(told["billingCurrencyRemainingCommitmentAmount"]), quote.cancelled, "remaining commitment")

    def explained(self, properties, wanted):
        steps = properties["explanation"]
        same(sum(minor({"amount": step["amount"], "currencyCode": step["currencyCode"]}) for step in steps), wanted,
             f"explanation {steps}")

    def give_back(self):
        if not self.held:
            return
        one = chance.choice(self.held)
        taken = chance.choice([one.quantity, chance.randint(1, one.quantity)])
        late = not one.is_monthly and self.now.hour < 23 and chance.random() < 0.25
        if late:
            self.move(datetime.combine(self.now.date(), time(23, 50), timezone.utc))
        if self.now >= one.expires:
            return
        quote = one.quote(taken, self.now)
        body = {"id": f"{CAPACITY}/reservationOrders/{one.order}",
                "properties": {"scope": "Reservation", "reservationToReturn": self.returning(one, taken)}}
        told = ok(azure("POST", f"/reservationOrders/{one.order}/calculateRefund", body, "&explain=true"))["properties"]
        after_fee = minor(told["billingRefundAmount"])
        near(after_fee, quote.refund - fee(quote.refund, FEE), f"refund of {taken} of {one}")
        if SLACK and not FEE:
            quote.refund = after_fee
        same(minor(told["pricingRefundAmount"], "USD"), in_dollars(after_fee, RATE), "refund in dollars")
        self.explained(told, after_fee)
        billing = told["billingInformation"]
        same((billing["completedTransactions"], billing["totalTransactions"]), (quote.completed, quote.total), "transactions")
        self.check_billing(billing, quote)
        policy = told["policyResult"]["properties"]
        same(minor(policy["maxRefundLimit"], "USD"), self.limit.most, "limit")
        same(minor(policy["consumedRefundsTotal"], "USD"), self.limit.consumed(self.now), "consumed")
        cost = in_dollars(quote.counts, RATE)
        allowed = self.limit.allows(cost, self.now)
        same(codes(policy["policyErrors"]), set() if allowed else {"RefundLimitExceeded"}, f"policy, {cost} more")
        if chance.random() < 0.1:
            return

        if late:
            # The session keeps the day count it quoted, unless the price is another by then.
            then = self.now + 15 * MINUTE
            if one.prices.at(then) != one.prices.at(self.now) or then >= one.expires:
                return
            self.move(then)
            if one not in self.held:
                return
            allowed = self.limit.allows(cost, self.now)
        body = {"properties": {"sessionId": told["sessionId"], "scope": "Reservation", "returnReason": "model",
                               "reservationToReturn": self.returning(one, taken)}}
        status, answer = azure("POST", f"/reservationOrders/{one.order}/return", body)
        if not allowed:
            same((status, answer["error"]["code"]), (400, "RefundLimitExceeded"), "a return over the limit")
            self.count("refused by the limit")
            return
        same(status, 200, f"return: {answer}")
        self.charged -= after_fee
        self.limit.taken.append((self.now, cost))
        self.follow(one, taken)
        self.count("returned late" if late else "returned monthly" if quote.total > 1 else "returned")

    # Exchanging

    def exchange(self):
        if not self.held:
            return
        old = chance.sample(self.held, min(len(self.held), chance.choice([1, 1, 2, 3])))
        parts = [(one, chance.choice([one.quantity, chance.randint(1, one.quantity)])) for one in old]
        quotes = [one.quote(taken, self.now) for one, taken in parts]
        new = [self.choice(chance.choice([3, 30])) for _ in range(chance.choice([1, 1, 2]))]
        totals = [price_of(PRICES[size, term], quantity, RATE, self.now) for size, term, quantity, _ in new]
        wrong = set()
        if sum(totals) < sum(quote.counts for quote in quotes):
            wrong.add("PurchaseCommitmentTooLow")
        if self.now >= CUTOFF and any(one.bought >= CUTOFF for one in old):
            wrong.add("ExchangeNotAllowed")

        body = {"properties": {"reservationsToPurchase": [self.request(*one) for one in new],
                               "reservationsToExchange": [self.returning(*part) for part in parts]}}
        told = ok(azure("POST", "/calculateExchange", body, "&explain=true"))
        same(told["status"], "Succeeded", "status")
        told = told["properties"]
        for (one, taken), quote, item in zip(parts, quotes, told["reservationsToExchange"], strict=True):
            same((item["reservationId"].rsplit("/", 1)[1], item["quantity"]), (one.id, taken), "exchanged")
            refund = minor(item["billingRefundAmount"])
            near(refund, quote.refund, f"refund of {taken} of {one}")
            quote.refund = refund
            self.check_billing(item["billingInformation"], quote)
        refunds = sum(quote.refund for quote in quotes)
        same(minor(told["refundsTotal"]), refunds, "refunds")
        same(minor(told["purchasesTotal"]), sum(totals), "purchases")
        same(minor(told["netPayable"]), sum(totals) - refunds, "net payable")
        self.explained(told, sum(totals) - refunds)
        for total, item in zip(totals, told["reservationsToPurchase"], strict=True):
            same(minor(item["billingCurrencyTotal"]), total, "element")
        found = codes((told.get("policyResult") or {}).get("policyErrors"))
        # Of two reasons one is enough.
        assert found <= wrong and bool(found) == bool(wrong), f"policy: the server says {found}, the model {wrong}"
        if chance.random() < 0.1:
            return

        status, answer = azure("POST", "/exchange", {"properties": {"sessionId": told["sessionId"]}})
        if wrong:
            assert status == 400 and answer["error"]["code"] in wrong, f"exchange: {status} {answer}, the model {wrong}"
            self.count("refused exchange")
            return
        same(status, 200, f"exchange: {answer}")
        done = answer["properties"]
        same((answer["status"], minor(done["netPayable"])), ("Succeeded", sum(totals) - refunds), "exchange")
        self.charged -= refunds
        for one, taken in parts:
            self.follow(one, taken)
        for (size, term, quantity, plan), total, item in zip(new, totals, done["reservationsToPurchase"], strict=True):
            order, reservation = (item[name].rsplit("/", 1)[1] for name in ("reservationOrderId", "reservationId"))
            self.take_in(order, reservation, size, term, quantity, plan, total)
        self.count("exchanged")

    # The whole

    def check_ledger(self):
        view = ok(call("GET", f"/_reservoir/ledger?customerId={CUSTOMER}"))
        same(view["balanced"], True, "balance")
        net = sum(row["minorUnits"] * (1 if row["side"] == "debit" else -1)
                  for row in view["entries"] if row["account"] == "receivable")
        same(net, self.charged, "ledger")

    def count(self, what):
        self.checks[what] = self.checks.get(what, 0) + 1

    def run(self):
        self.move(self.now)
        step = None
        for number in range(STEPS):
            [step] = chance.choices([self.buy, self.wait, self.give_back, self.exchange, self.split], [20, 30, 28, 16, 6])
            step()
            try:
                self.check_ledger()
            except AssertionError as error:
                raise AssertionError(f"after step {number}, {step.__name__}: {error}") from None


world = World()
try:
    world.run()
except Exception as error:
    print(f"SEED={SEED} at {world.now}, having done {world.checks}", file=sys.stderr)
    raise error
print(f"seed {SEED}: {world.checks}")
