"""How far a reservation is used, through azure-mgmt-consumption."""

import uuid
from functools import partial

from azure.core.exceptions import HttpResponseError
from azure.mgmt.consumption import ConsumptionManagementClient
from azure.mgmt.reservations import ReservationsMgmtClient

from reservoir_test import START, SUBSCRIPTION, advance, connection, fails, run, same, set_clock


def nothing_used(_state):
    reservations = ReservationsMgmtClient(**connection("CONTOSO_ADMIN"))
    order = str(uuid.uuid4())
    body = {
        "sku": {"name": "Standard_D2s_v5"},
        "location": "eastus",
        "properties": {
            "reservedResourceType": "VirtualMachines", "billingScopeId": f"/subscriptions/{SUBSCRIPTION}", "term": "P1Y",
            "quantity": 2, "displayName": "usage", "appliedScopeType": "Shared",
        },
    }
    bought = reservations.reservation_order.begin_purchase(order, body).result()
    reservation = bought.reservations[0].id.rsplit("/", 1)[1]
    advance("P3D")
    client = ConsumptionManagementClient(subscription_id=SUBSCRIPTION, **connection("CONTOSO_ADMIN"))
    between = "properties/usageDate ge 2030-03-12 AND properties/usageDate le 2030-03-13"
    daily = partial(client.reservations_summaries.list_by_reservation_order_and_reservation, order, reservation)
    rows = list(daily(grain="daily", filter=between))
    same([row.usage_date.date().isoformat() for row in rows], ["2030-03-12", "2030-03-13"], "days")
    for row in rows:
        same((row.reservation_order_id, row.reservation_id, row.sku_name), (order, reservation, "Standard_D2s_v5"), "row")
        same((float(row.reserved_hours), float(row.used_hours)), (48.0, 0.0), "two instances, a day, nothing running")
        same(float(row.avg_utilization_percentage), 0.0, "utilisation")
    same([row.reservation_id for row in client.reservations_summaries.list_by_reservation_order(
        order, grain="daily", filter=between)], [reservation] * 2, "of the order")
    fails(HttpResponseError, 400, ("BadRequest", "InvalidRequestContent", "InvalidRequestUri"),
          lambda: list(daily(grain="daily")))


def begin(_state):
    set_clock(START)


run(begin, nothing_used)
