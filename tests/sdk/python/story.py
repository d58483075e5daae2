"""A reservation's life through azure-mgmt-reservations, 2.3.0 and 3.0.0 alike.

Over HTTPS as a plain application with azure-identity; over HTTP also as somebody else's agent, as
an agent without an assignment, and without a valid token."""

import uuid
from datetime import date, datetime, timezone
from functools import partial

import azure.mgmt.reservations as package
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.mgmt.reservations import models as m

from reservoir_test import (
    CA, CUSTOMER, PROVIDER, START, SUBSCRIPTION, advance, call, charged, connection, fails, run, same, set_clock,
)

Client = getattr(package, "ReservationsMgmtClient", None) or package.AzureReservationAPI
OWN = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{OWN}/resourceGroups/accounting"
USD = "USD"

client = Client(**connection("CONTOSO_ADMIN"))


def request(size, quantity, term="P1Y", plan="Upfront", **more):
    values = {
        "reserved_resource_type": "VirtualMachines",
        "billing_scope_id": OWN,
        "term": term,
        "billing_plan": plan,
        "quantity": quantity,
        "display_name": f"{quantity} of {size}",
        "applied_scope_type": "Shared",
        "reserved_resource_properties": m.PurchaseRequestPropertiesReservedResourceProperties(instance_flexibility="On"),
    }
    return m.PurchaseRequest(sku=m.SkuName(name=size), location="eastus", **{**values, **more})


def price(value, amount, currency=USD):
    same((value.currency_code, value.amount), (currency, amount), "price")


def guid_of(resource_id):
    return str(uuid.UUID(resource_id.rsplit("/", 1)[1]))


def full_id(order, reservation):
    return f"{PROVIDER}/reservationOrders/{order}/reservations/{reservation}"


def buy(size, quantity, **more):
    """Buys as a program does: asks for the price, then buys under the id that came with it. The
    order, and its reservation's id."""
    body = request(size, quantity, **more)
    order = client.reservation_order.calculate(body).properties.reservation_order_id
    bought = client.reservation_order.begin_purchase(order, body).result()
    same(bought.name, order, "order id")
    same(len(bought.reservations), 1, "reservations of a new order")
    return bought, guid_of(bought.reservations[0].id)


def active(order):
    """The reservations of an order that are in force."""
    return [one for one in client.reservation.list(order) if one.properties.provisioning_state == "Succeeded"]


def refund_request(order, reservation, quantity):
    return m.CalculateRefundRequest(
        id=f"{PROVIDER}/reservationOrders/{order}",
        properties=m.CalculateRefundRequestProperties(
            scope="Reservation", reservation_to_return=to_return(order, reservation, quantity)
        ),
    )


def to_return(order, reservation, quantity):
    return m.ReservationToReturn(reservation_id=full_id(order, reservation), quantity=quantity)


def quote(order, reservation, quantity):
    answer = client.calculate_refund.post(order, refund_request(order, reservation, quantity))
    same(guid_of(answer.id), reservation, "quoted reservation")
    same(answer.properties.quantity, quantity, "quoted quantity")
    return answer.properties


def give_back(order, reservation, quantity, session):
    body = m.RefundRequest(
        properties=m.RefundRequestProperties(
            session_id=session,
            scope="Reservation",
            reservation_to_return=to_return(order, reservation, quantity),
            return_reason="PurchasedWrongProduct",
        )
    )
    return client.return_operations.begin_post(order, body).result()


def exchange_request(returned, bought):
    return m.CalculateExchangeRequest(
        properties=m.CalculateExchangeRequestProperties(reservations_to_purchase=bought, reservations_to_exchange=returned)
    )


def exchange(session):
    body = m.ExchangeRequest(properties=m.ExchangeRequestProperties(session_id=session))
    return client.exchange.begin_post(body).result()


def policy_codes(errors):
    return [error.code for error in errors or []]


def operations(_state):
    names = {one.name.lower() for one in client.operation.list()}
    assert {"microsoft.capacity/reservationorders/read", "microsoft.capacity/reservationorders/write"} <= names, names


def catalogue(_state):
    listing = partial(client.get_catalog, SUBSCRIPTION, reserved_resource_type="VirtualMachines", location="eastus")
    everything = list(listing())
    names = [item.name for item in everything]
    assert len(names) == len(set(names)) > 20, names
    for item in everything:
        same((item.resource_type, item.locations), ("VirtualMachines", ["eastus"]), item.name)

    [item] = listing(filter="name eq 'Standard_D2s_v5'")
    same(set(item.terms), {"P1Y", "P3Y"}, "terms")
    same({term: set(plans) for term, plans in item.billing_plans.items()},
         {"P1Y": {"Upfront", "Monthly"}, "P3Y": {"Upfront", "Monthly"}}, "plans")
    price(item.msrp.p1_y, 519.0)
    price(item.msrp.p3_y, 997.0)
    properties = {one.name: one.value for one in item.sku_properties}
    same(properties["Cores"], "2", "cores")
    same(properties["ReservationsAutofitGroup"], "Dsv5 Series", "flexibility group")
    uuid.UUID(properties["MeterId"])

    pages = [[item.name for item in page] for page in listing(take=7).by_page()]
    assert len(pages) > 1 and all(len(page) <= 7 for page in pages), pages
    same([name for page in pages for name in page], names, "pages together")
    same([item.name for item in listing(skip=3, take=100)], names[3:], "skipped")
    two = {item.name for item in listing(filter="name eq 'Standard_D2s_v5' or name eq 'Standard_E2s_v5'")}
    same(two, {"Standard_D2s_v5", "Standard_E2s_v5"}, "either")


def prices(_state):
    upfront = client.reservation_order.calculate(request("Standard_D2s_v5", 10)).properties
    price(upfront.billing_currency_total, 5190.0)
    price(upfront.pricing_currency_total, 5190.0)
    uuid.UUID(upfront.reservation_order_id)
    assert "Standard_D2s_v5" in upfront.sku_title, upfront.sku_title
    same(upfront.is_billing_partner_managed, True, "partner managed")

    # 584 / 12 = 48.666…: rounded down, and the last takes the rest.
    monthly = client.reservation_order.calculate(request("Standard_D2ds_v5", 1, plan="Monthly")).properties
    price(monthly.billing_currency_total, 584.0)
    rows = monthly.payment_schedule
    same([row.pricing_currency_total.amount for row in rows], [48.66] * 11 + [48.74], "instalments")
    same((rows[0].due_date, rows[1].due_date, rows[11].due_date),
         (date(2030, 3, 11), date(2030, 4, 11), date(2031, 2, 11)), "due dates")
    price(rows[0].billing_currency_total, 48.66)
    same(charged(), 0, "a price moves no money")


def purchase(state):
    body = request("Standard_D2s_v5", 10)
    order = client.reservation_order.calculate(body).properties.reservation_order_id
    bought = client.reservation_order.begin_purchase(order, body).result()
    same((bought.id.lower(), bought.name), (f"{PROVIDER}/reservationOrders/{order}".lower(), order), "ids")
    same((bought.provisioning_state, bought.term, bought.billing_plan), ("Succeeded", "P1Y", "Upfront"), "order")
    same((bought.original_quantity, bought.display_name), (10, "10 of Standard_D2s_v5"), "order")
    same(bought.expiry_date, date(2031, 3, 11), "expiry")
    created = bought.created_date_time
    assert datetime(2030, 3, 11, 9, 30, tzinfo=timezone.utc) <= created, created
    same(bought.expiry_date_time - created, date(2031, 3, 11) - date(2030, 3, 11), "whole term")
    same(charged(), 519_000, "charged")

    again = client.reservation_order.begin_purchase(order, body).result()
    same((again.id, again.etag), (bought.id, bought.etag), "a repeat")
    fails(ResourceExistsError, 409, "ReservationOrderIdAlreadyExists",
          lambda: client.reservation_order.begin_purchase(order, request("Standard_D2s_v5", 11)).result())
    same(charged(), 519_000, "charged once")

    assert order in [one.name for one in client.reservation_order.list()]
    same(client.reservation_order.get(order).plan_information, None, "plan that was not asked for")
    plan = client.reservation_order.get(order, expand="schedule").plan_information
    price(plan.pricing_currency_total, 5190.0)
    same((plan.start_date, plan.next_payment_due_date), (date(2030, 3, 11), None), "plan")
    [payment] = plan.transactions
    same((payment.status, payment.due_date, payment.payment_date),
         ("Succeeded", date(2030, 3, 11), date(2030, 3, 11)), "payment")
    price(payment.billing_currency_total, 5190.0)

    [one] = client.reservation.list(order)
    reservation = guid_of(one.id)
    found = client.reservation.get(order, reservation)
    same((found.id, found.name, found.location, found.sku.name),
         (one.id, reservation, "eastus", "Standard_D2s_v5"), "reservation")
    about = found.properties
    same((about.quantity, about.term, about.billing_plan, about.provisioning_state),
         (10, "P1Y", "Upfront", "Succeeded"), "reservation")
    same((about.applied_scope_type, about.user_friendly_applied_scope_type), ("Shared", "Shared"), "scope")
    same((about.billing_scope_id.lower(), about.instance_flexibility, about.renew), (OWN, "On", False), "reservation")
    same((about.expiry_date, about.purchase_date), (date(2031, 3, 11), date(2030, 3, 11)), "dates")
    same([len(list(client.reservation.list_revisions(order, reservation)))], [1], "revisions")
    state.update(order=order, reservation=reservation, etag=found.etag)


def scopes(state):
    order, reservation = state["order"], state["reservation"]

    def change(**values):
        changed = client.reservation.begin_update(order, reservation, m.Patch(**values)).result()
        state["etag"] += 1
        same(changed.etag, state["etag"], "etag")
        found = client.reservation.get(order, reservation)
        same((found.etag, found.properties.applied_scope_type), (changed.etag, changed.properties.applied_scope_type),
             "what was answered")
        return changed.properties

    single = change(applied_scope_type="Single", applied_scopes=[OWN])
    same((single.applied_scope_type, single.user_friendly_applied_scope_type), ("Single", "Single"), "scope")
    same((single.applied_scopes, single.applied_scope_properties.subscription_id), ([OWN], OWN), "scope")

    call("PUT", f"{GROUP}?api-version=2021-04-01", {"location": "eastus"}, state["token"]())
    group = change(applied_scope_type="Single", applied_scope_properties=m.AppliedScopeProperties(resource_group_id=GROUP))
    same((group.applied_scope_type, group.user_friendly_applied_scope_type), ("Single", "ResourceGroup"), "scope")
    same(group.applied_scope_properties.resource_group_id.lower(), GROUP.lower(), "scope")

    shared = change(applied_scope_type="Shared", name="accounting")
    same((shared.applied_scope_type, shared.user_friendly_applied_scope_type), ("Shared", "Shared"), "scope")
    same((shared.display_name, shared.applied_scopes or None), ("accounting", None), "reservation")

    update = partial(client.reservation.begin_update, order, reservation)
    fails(HttpResponseError, 400, ("PatchValuesSameAsExisting", "AppliedScopesSameAsExisting"),
          lambda: update(m.Patch(applied_scope_type="Shared")).result())
    fails(HttpResponseError, 400, "MissingAppliedScopesForSingle",
          lambda: update(m.Patch(applied_scope_type="Single")).result())
    fails(HttpResponseError, 400, "InvalidSingleAppliedScopesCount",
          lambda: update(m.Patch(applied_scope_type="Single", applied_scopes=[OWN, OWN])).result())

    revisions = list(client.reservation.list_revisions(order, reservation))
    same([one.etag for one in revisions], [state["etag"] - back for back in range(4)], "revisions, newest first")
    same([one.properties.applied_scope_type for one in revisions], ["Shared", "Single", "Single", "Shared"], "revisions")
    same(charged(), 519_000, "a scope costs nothing")

    asked = m.AvailableScopeRequest(properties=m.AvailableScopeRequestProperties(
        scopes=[OWN, "/subscriptions/70000000-0000-4000-8000-00000000ffff"]))
    answer = client.reservation.begin_available_scopes(order, reservation, asked).result()
    same([(one.scope, one.valid) for one in answer.properties.scopes],
         [(OWN, True), ("/subscriptions/70000000-0000-4000-8000-00000000ffff", False)], "available scopes")


def split_and_merge(state):
    order, whole = state["order"], state["reservation"]

    def split(reservation_id, quantities, of=order):
        return client.reservation.begin_split(of, m.SplitRequest(quantities=quantities, reservation_id=reservation_id)).result()

    parts = split(full_id(order, whole), [4, 6])
    same([part.properties.quantity for part in parts], [4, 6, 10], "parts first, then their source")
    same([part.properties.provisioning_state for part in parts], ["Succeeded", "Succeeded", "Cancelled"], "states")
    source = parts[2]
    same((source.name, source.properties.extended_status_info.status_code), (whole, "Split"), "source")
    same({one.lower() for one in source.properties.split_properties.split_destinations},
         {part.id.lower() for part in parts[:2]}, "destinations")
    for part in parts[:2]:
        same(part.properties.split_properties.split_source.lower(), source.id.lower(), "source of a part")
        same((part.sku.name, part.location, part.properties.term, part.properties.expiry_date),
             ("Standard_D2s_v5", "eastus", "P1Y", date(2031, 3, 11)), "part")

    bad = ("InvalidRequestContent", "BadRequest")
    fails(HttpResponseError, 400, bad, lambda: split(parts[0].id, [1, 2]))
    fails(HttpResponseError, 400, bad, lambda: split(parts[0].id, [0, 4]))
    other, elsewhere = buy("Standard_B2s_v2", 2)
    fails(HttpResponseError, 400, "ReservationIdNotInReservationOrder",
          lambda: split(full_id(other.name, elsewhere), [1, 1]))
    fails(ResourceNotFoundError, 404, "InvalidReservationId", lambda: split(full_id(order, elsewhere), [1, 1]))

    merged = client.reservation.begin_merge(order, m.MergeRequest(sources=[part.id for part in parts[:2]])).result()
    same([one.properties.provisioning_state for one in merged], ["Cancelled", "Cancelled", "Succeeded"], "states")
    same([one.properties.quantity for one in merged], [4, 6, 10], "sources first, then what they became")
    for one in merged[:2]:
        same(one.properties.extended_status_info.status_code, "Merged", "source")
        same(one.properties.merge_properties.merge_destination.lower(), merged[2].id.lower(), "destination")
    same({one.lower() for one in merged[2].properties.merge_properties.merge_sources},
         {one.id.lower() for one in merged[:2]}, "sources")
    same(len(list(client.reservation.list(order))), 4, "all that ever were")
    same([one.id for one in active(order)], [merged[2].id], "in force")
    same(charged(), 519_000 + 86_000, "neither costs anything")
    state["reservation"] = merged[2].name


def refund(state):
    order, reservation = state["order"], state["reservation"]
    before = charged()
    advance("P100D")

    # 265 of 365 days: R(10) = 3,768.08, R(6) = 2,260.85, and the difference is what 4 are worth.
    told = quote(order, reservation, 4)
    price(told.billing_refund_amount, 1507.23)
    price(told.pricing_refund_amount, 1507.23)
    policy = told.policy_result.properties
    price(policy.consumed_refunds_total, 0.0)
    price(policy.max_refund_limit, 50_000.0)
    same(policy_codes(policy.policy_errors), [], "policy")
    billing = told.billing_information
    same((billing.billing_plan, billing.completed_transactions, billing.total_transactions), ("Upfront", 1, 1), "billing")
    price(billing.billing_currency_total_paid_amount, 2076.0)
    price(billing.billing_currency_prorated_amount, 568.77)
    price(billing.billing_currency_remaining_commitment_amount, 0.0)
    same(charged(), before, "a quote moves no money")

    for quantity in (0, -1, 11):
        fails(HttpResponseError, 400, "InvalidRefundQuantity", lambda: quote(order, reservation, quantity))
    fails(HttpResponseError, 400, "InvalidRequestContent",
          lambda: give_back(order, reservation, 4, str(uuid.uuid4())))
    fails(HttpResponseError, 400, "InvalidRequestContent", lambda: give_back(order, reservation, 5, told.session_id))
    same(charged(), before, "nor does a refusal")

    returned = give_back(order, reservation, 4, told.session_id)
    same((returned.name, returned.original_quantity), (order, 10), "order")
    same(charged(), before - 150_723, "refunded")
    give_back(order, reservation, 4, told.session_id)
    same(charged(), before - 150_723, "refunded once")

    [rest] = active(order)
    assert rest.name != reservation, "the rest is a reservation of its own"
    same((rest.properties.quantity, rest.properties.expiry_date), (6, date(2031, 3, 11)), "rest")
    same(client.reservation.get(order, reservation).properties.provisioning_state, "Cancelled", "what was returned")
    state.update(reservation=rest.name, returned=reservation)


def stale_sessions(state):
    order, reservation = state["order"], state["reservation"]
    session = quote(order, reservation, 1).session_id
    advance("PT31M")
    fails(HttpResponseError, 400, "InvalidRequestContent", lambda: give_back(order, reservation, 1, session))
    first, second = quote(order, reservation, 1).session_id, quote(order, reservation, 1).session_id
    give_back(order, reservation, 1, first)
    [rest] = active(order)
    # The reservation that it was quoted for is no more.
    fails(HttpResponseError, 400, "OperationFailed", lambda: give_back(order, reservation, 1, second))
    same(rest.properties.quantity, 5, "rest")
    state["reservation"] = rest.name


def exchanges(state):
    order, reservation = state["order"], state["reservation"]
    before = charged()
    returned = [to_return(order, reservation, 5)]

    # 5 × 519 × 265 / 365 = 1,884.041…
    little = client.calculate_exchange.begin_post(exchange_request(returned, [request("Standard_D2s_v5", 1)])).result()
    same(policy_codes(little.properties.policy_result.policy_errors), ["PurchaseCommitmentTooLow"], "policy")
    fails(HttpResponseError, 400, "PurchaseCommitmentTooLow", lambda: exchange(little.properties.session_id))

    bought = [request("Standard_D4s_v5", 3, term="P3Y")]
    told = client.calculate_exchange.begin_post(exchange_request(returned, bought)).result()
    same(told.status, "Succeeded", "status")
    uuid.UUID(told.name)
    price(told.properties.refunds_total, 1884.04)
    price(told.properties.purchases_total, 5979.0)
    price(told.properties.net_payable, 4094.96)
    same(policy_codes(told.properties.policy_result and told.properties.policy_result.policy_errors), [], "policy")
    [old], [new] = told.properties.reservations_to_exchange, told.properties.reservations_to_purchase
    same((guid_of(old.reservation_id), old.quantity), (reservation, 5), "exchanged")
    price(old.billing_refund_amount, 1884.04)
    price(old.billing_information.billing_currency_total_paid_amount, 2595.0)
    price(old.billing_information.billing_currency_prorated_amount, 710.96)
    price(old.billing_information.billing_currency_remaining_commitment_amount, 0.0)
    price(new.billing_currency_total, 5979.0)
    same((new.properties.sku.name, new.properties.quantity), ("Standard_D4s_v5", 3), "bought")
    same(charged(), before, "a quote moves no money")

    done = exchange(told.properties.session_id)
    same(done.status, "Succeeded", "status")
    price(done.properties.net_payable, 4094.96)
    [old], [new] = done.properties.reservations_to_exchange, done.properties.reservations_to_purchase
    same((old.status, new.status), ("Succeeded", "Succeeded"), "parts")
    same(charged(), before + 409_496, "charged")
    same(exchange(told.properties.session_id).properties.reservations_to_purchase[0].reservation_order_id,
         new.reservation_order_id, "a repeat")
    same(charged(), before + 409_496, "charged once")

    same(active(order), [], "what was exchanged")
    made = client.reservation_order.get(guid_of(new.reservation_order_id))
    # The 19th of June 2030 and three years.
    same((made.term, made.original_quantity, made.expiry_date), ("P3Y", 3, date(2033, 6, 19)), "new order")
    [fresh] = active(made.name)
    same((fresh.id.lower(), fresh.sku.name), (new.reservation_id.lower(), "Standard_D4s_v5"), "new reservation")
    fails(HttpResponseError, 400, ("InvalidRequestContent", "BadRequest"), lambda: exchange("not a session"))
    fails(HttpResponseError, 400, "InvalidRequestContent", lambda: exchange(str(uuid.uuid4())))
    state["exchanged"] = made.name


def archive(state):
    order, returned = state["order"], state["returned"]
    state_of = lambda: client.reservation.get(order, returned).properties.archived
    same(bool(state_of()), False, "archived")
    client.reservation.archive(order, returned)
    same(state_of(), True, "archived")
    listed = [one.id for one in client.reservation.list_all(filter="(properties/archived eq true)")]
    same([guid_of(one) for one in listed], [returned], "archived")
    client.reservation.unarchive(order, returned)
    same(state_of(), False, "archived")


def monthly(state):
    """A monthly plan, 45 days on: two of twelve instalments are paid, and 16 of the second's 31
    days are left."""
    before = charged()
    order, reservation = buy("Standard_D2ds_v5", 5, plan="Monthly")
    order = order.name
    same(charged(), before + 24_333, "the first instalment")
    advance("P45D")
    same(charged(), before + 2 * 24_333, "the second instalment")
    plan = client.reservation_order.get(order, expand="schedule").plan_information
    same([row.status for row in plan.transactions], ["Succeeded"] * 2 + ["Scheduled"] * 10, "schedule")
    same(sum(round(row.pricing_currency_total.amount * 100) for row in plan.transactions), 292_000, "schedule")
    same(plan.next_payment_due_date, date(2030, 8, 19), "next payment")

    told = quote(order, reservation, 2)
    # Of each instalment 97.34 belong to two of five, and 97.35 of the last one.
    price(told.billing_refund_amount, 50.24)
    billing = told.billing_information
    same((billing.billing_plan, billing.completed_transactions, billing.total_transactions), ("Monthly", 2, 12), "billing")
    price(billing.billing_currency_remaining_commitment_amount, 973.41)
    give_back(order, reservation, 2, told.session_id)
    same(charged(), before + 2 * 24_333 - 5_024, "refunded")

    [rest] = active(order)
    advance("P31D")
    same(charged(), before + 2 * 24_333 - 5_024 + 14_599, "the third instalment is that of three")
    session = quote(order, rest.name, 3).session_id
    give_back(order, rest.name, 3, session)
    after = charged()
    states = [row.status for row in client.reservation_order.get(order, expand="schedule").plan_information.transactions]
    same((states.count("Scheduled"), states.count("Cancelled") > 0), (0, True), f"schedule {states}")
    advance("P60D")
    same(charged(), after, "nothing more falls due")
    same(active(order), [], "what was returned")
    state["monthly"] = order


def limit(state):
    order, reservation = buy("Standard_E16s_v5", 13)
    before = charged()
    told = quote(order.name, reservation, 10)
    policy = told.policy_result.properties
    same(policy_codes(policy.policy_errors), ["RefundLimitExceeded"], "policy")
    price(told.billing_refund_amount, 52_100.0)
    # 1,507.23 and 376.81 of the upfront one, 973.41 and 1,313.94 cancelled of the monthly one.
    price(policy.consumed_refunds_total, 4_171.39)
    fails(HttpResponseError, 400, "RefundLimitExceeded",
          lambda: give_back(order.name, reservation, 10, told.session_id))
    same(charged(), before, "refused")
    told = quote(order.name, reservation, 8)
    give_back(order.name, reservation, 8, told.session_id)
    same(charged(), before - 8 * 521_000, "refunded")
    [rest] = active(order.name)
    policy = quote(order.name, rest.name, 1).policy_result.properties
    price(policy.consumed_refunds_total, 45_851.39)
    same(policy_codes(policy.policy_errors), ["RefundLimitExceeded"], "policy")
    state["limited"] = order.name


def lists(state):
    everything = list(client.reservation.list_all())
    same(len({one.id for one in everything}), len(everything), "listed once")
    for one in everything:
        same(one.name, "/".join(part for part in one.id.split("/")[-3::2]), "order and reservation")
    bought = list(client.reservation.list_all(selected_state="Succeeded"))
    assert 0 < len(bought) < len(everything)
    same({one.properties.provisioning_state for one in bought}, {"Succeeded"}, "state")

    ordered = partial(client.reservation.list_all, orderby="properties/quantity asc", refresh_summary="true")
    quantities = [one.properties.quantity for one in ordered()]
    same(quantities, sorted(quantities), "order")
    same([one.properties.quantity for one in client.reservation.list_all(orderby="properties/quantity desc")],
         quantities[::-1], "other order")
    pages = [list(page) for page in ordered(take=2).by_page()]
    assert len(pages) > 1 and all(len(page) <= 2 for page in pages), [len(page) for page in pages]
    same([one.id for page in pages for one in page], [one.id for one in ordered()], "pages together")
    same([one.id for one in ordered(skiptoken=3)], [one.id for one in ordered()][3:], "skipped")

    size = "sku/name eq 'Standard_E16s_v5'"
    either = f"({size} or sku/name eq 'Standard_D4s_v5') and properties/provisioningState eq 'Succeeded'"
    same({one.sku.name for one in client.reservation.list_all(filter=either)}, {"Standard_E16s_v5", "Standard_D4s_v5"}, "filter")
    same([one.sku.name for one in client.reservation.list_all(filter=f"{size} and properties/quantity eq 5")],
         ["Standard_E16s_v5"], "filter")
    fails(HttpResponseError, 400, ("BadRequest", "InvalidRequestContent", "InvalidRequestUri"),
          lambda: list(client.reservation.list_all(filter="properties/quantity gt 5")))

    orders = {one.name for one in client.reservation_order.list()}
    assert {state["order"], state["exchanged"], state["monthly"], state["limited"]} <= orders, orders
    applied = client.get_applied_reservation_list(SUBSCRIPTION)
    same(applied.name, "default", "name")
    ids = {guid_of(one) for one in applied.reservation_order_ids.value}
    assert {state["exchanged"], state["limited"]} <= ids, ids
    assert ids <= orders, ids - orders


def directory(state):
    move = lambda tenant: client.reservation_order.change_directory(
        state["exchanged"], m.ChangeDirectoryRequest(destination_tenant_id=tenant)
    )
    fails(ResourceExistsError, 409, "OperationCannotBePerformedInCurrentState", lambda: move(CUSTOMER))
    error = fails(ResourceNotFoundError, 404, ("InvalidTenantId", "BadRequest", "InvalidRequestContent"),
                  lambda: move(str(uuid.uuid4())))
    assert error.error.message


def refusals(state):
    order, reservation = state["exchanged"], guid_of(active(state["exchanged"])[0].id)
    unknown = str(uuid.uuid4())
    missing = partial(fails, ResourceNotFoundError, 404)
    missing("ReservationOrderNotFound", lambda: client.reservation_order.get(unknown))
    missing("ReservationOrderNotFound", lambda: client.reservation.get(unknown, reservation))
    missing("ReservationOrderNotFound", lambda: list(client.reservation.list(unknown)))
    missing("InvalidReservationId", lambda: client.reservation.get(order, unknown))
    missing("InvalidReservationId", lambda: client.reservation.archive(order, unknown))
    missing("SubscriptionNotFound", lambda: client.get_applied_reservation_list(unknown))
    missing("SubscriptionNotFound", lambda: list(client.get_catalog(unknown, reserved_resource_type="VirtualMachines")))
    missing("SubscriptionNotFound", lambda: client.reservation_order.calculate(
        request("Standard_D2s_v5", 1, billing_scope_id=f"/subscriptions/{unknown}")))
    for wrong in (request("Standard_D2s_v5", 0), request("Standard_D2s_v5", 1, term="P2Y"), request("Standard_Nothing", 1)):
        error = None
        try:
            client.reservation_order.calculate(wrong)
        except HttpResponseError as caught:
            error = caught
        assert error is not None and error.status_code == 400 and error.error.code, error

    if CA:
        return
    foreign = Client(**connection("FABRIKAM_ADMIN"))
    missing("ReservationOrderNotFound", lambda: foreign.reservation_order.get(order))
    missing("ReservationOrderNotFound", lambda: foreign.reservation.get(order, reservation))
    missing("SubscriptionNotFound", lambda: foreign.get_applied_reservation_list(SUBSCRIPTION))
    same(list(foreign.reservation.list_all()), [], "somebody else's reservations")

    sales = Client(**connection("CONTOSO_SALES"))
    same(sales.reservation_order.get(order).name, order, "reading")
    price(sales.reservation_order.calculate(request("Standard_D2s_v5", 1)).properties.billing_currency_total, 519.0)
    forbidden = partial(fails, HttpResponseError, 403, "AuthorizationFailed")
    forbidden(lambda: sales.reservation_order.begin_purchase(unknown, request("Standard_D2s_v5", 1)).result())
    forbidden(lambda: sales.calculate_refund.post(order, refund_request(order, reservation, 1)))

    stranger = Client(**connection("NOBODY"))
    fails(ClientAuthenticationError, 401, ("InvalidAuthenticationToken", "InvalidAccessToken"),
          lambda: stranger.reservation_order.get(order))


def begin(state):
    set_clock(START)
    if CA:
        credential = connection("CONTOSO_ADMIN")["credential"]
        state["token"] = lambda: credential.get_token("https://management.azure.com/.default").token
    else:
        import os

        state["token"] = lambda: os.environ["TOKEN_CONTOSO_ADMIN"]


run(begin, operations, catalogue, prices, purchase, scopes, split_and_merge, refund, stale_sessions, exchanges,
    archive, monthly, limit, lists, directory, refusals)
