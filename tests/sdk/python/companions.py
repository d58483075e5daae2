"""The providers around reservations, through their official clients: subscriptions and role
assignments."""

import uuid

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.models import RoleAssignmentCreateParameters
from azure.mgmt.reservations import ReservationsMgmtClient
from azure.mgmt.resource.subscriptions import SubscriptionClient
from azure.mgmt.subscription import SubscriptionClient as OldSubscriptionClient

from reservoir_test import CUSTOMER, PROVIDER, START, SUBSCRIPTION, connection, fails, run, same, set_clock

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
PURCHASER = "f7b75c60-3036-4b75-91c3-6b41c27c1689"
SALES = "20000000-0000-4000-8000-000000000012"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"

authorization = AuthorizationManagementClient(subscription_id=SUBSCRIPTION, **connection("CONTOSO_ADMIN"))


def request(quantity):
    return {
        "sku": {"name": "Standard_D2s_v5"},
        "location": "eastus",
        "properties": {
            "reservedResourceType": "VirtualMachines", "billingScopeId": SCOPE, "term": "P1Y", "quantity": quantity,
            "displayName": "companions", "appliedScopeType": "Shared",
        },
    }


def subscriptions(_state):
    client = SubscriptionClient(**connection("CONTOSO_ADMIN"))
    found = {one.subscription_id: one for one in client.subscriptions.list()}
    same((found[SUBSCRIPTION].state, found[SUBSCRIPTION].id), ("Enabled", SCOPE), "subscription")
    one = client.subscriptions.get(SUBSCRIPTION)
    same((one.subscription_id, one.tenant_id), (SUBSCRIPTION, CUSTOMER), "subscription")
    regions = {one.name: one.display_name for one in client.subscriptions.list_locations(SUBSCRIPTION)}
    same(regions["westeurope"], "West Europe", "region")
    same(CUSTOMER in [one.tenant_id for one in client.tenants.list()], True, "tenants")
    unknown = str(uuid.uuid4())
    fails(ResourceNotFoundError, 404, "SubscriptionNotFound", lambda: client.subscriptions.get(unknown))

    old = OldSubscriptionClient(**connection("CONTOSO_ADMIN"))
    assert SUBSCRIPTION in [one.subscription_id for one in old.subscriptions.list()]
    foreign = SubscriptionClient(**connection("FABRIKAM_ADMIN"))
    assert SUBSCRIPTION not in [one.subscription_id for one in foreign.subscriptions.list()]


def definitions(_state):
    [owner] = authorization.role_definitions.list(SCOPE, filter="roleName eq 'Owner'")
    same((owner.name, owner.role_name, owner.role_type), (OWNER, "Owner", "BuiltInRole"), "definition")
    same(owner.permissions[0].actions, ["*"], "actions")
    everything = {one.role_name for one in authorization.role_definitions.list(SCOPE)}
    assert {"Owner", "Contributor", "Reader", "Reservation Purchaser", "Reservations Administrator"} <= everything, everything
    same(authorization.role_definitions.get(SCOPE, PURCHASER).role_name, "Reservation Purchaser", "definition")


def assignments(_state):
    """A Sales agent buys with an assignment, and not without."""
    sales = ReservationsMgmtClient(**connection("CONTOSO_SALES"))
    order = str(uuid.uuid4())
    buy = lambda: sales.reservation_order.begin_purchase(order, request(1)).result()
    fails(HttpResponseError, 403, "AuthorizationFailed", buy)

    name = str(uuid.uuid4())
    body = RoleAssignmentCreateParameters(
        role_definition_id=f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}",
        principal_id=SALES,
        principal_type="User",
    )
    made = authorization.role_assignments.create(SCOPE, name, body)
    same((made.name, made.scope, made.principal_id, made.principal_type), (name, SCOPE, SALES, "User"), "assignment")
    assert made.role_definition_id.endswith(OWNER), made.role_definition_id
    same(authorization.role_assignments.create(SCOPE, name, body).id, made.id, "the same again")
    fails(ResourceExistsError, 409, "RoleAssignmentExists",
          lambda: authorization.role_assignments.create(SCOPE, str(uuid.uuid4()), body))
    same(authorization.role_assignments.get(SCOPE, name).id, made.id, "assignment")
    same(authorization.role_assignments.get_by_id(made.id).id, made.id, "assignment")
    listed = [one.name for one in authorization.role_assignments.list_for_scope(SCOPE, filter=f"principalId eq '{SALES}'")]
    same(listed, [name], "listed")
    assert name in [one.name for one in authorization.role_assignments.list_for_subscription()]

    bought = buy()
    same((bought.name, bought.provisioning_state), (order, "Succeeded"), "bought")
    # The buyer owns the order from then on, whatever becomes of the subscription.
    on_order = f"{PROVIDER}/reservationOrders/{order}"
    owners = [one.principal_id for one in authorization.role_assignments.list_for_scope(on_order, filter="atScope()")]
    assert SALES in owners, owners
    same(authorization.role_assignments.delete(SCOPE, name).name, name, "deleted")
    same(authorization.role_assignments.delete(SCOPE, name), None, "deleted already")
    fails(ResourceNotFoundError, 404, "RoleAssignmentNotFound", lambda: authorization.role_assignments.get(SCOPE, name))
    another = str(uuid.uuid4())
    fails(HttpResponseError, 403, "AuthorizationFailed",
          lambda: sales.reservation_order.begin_purchase(another, request(1)).result())
    outsider = AuthorizationManagementClient(subscription_id=SUBSCRIPTION, **connection("CONTOSO_SALES"))
    fails(HttpResponseError, 403, "AuthorizationFailed",
          lambda: outsider.role_assignments.create(SCOPE, str(uuid.uuid4()), body))


def begin(_state):
    set_clock(START)


run(begin, subscriptions, definitions, assignments)
