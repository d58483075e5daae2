// A reservation's life through @azure/arm-reservations, versions 9 and 10 alike. SDK_FOLDER holds
// the node_modules; the rest is told by the environment as in the Python stories.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SDK_FOLDER}/`);
const { AzureReservationAPI } = require("@azure/arm-reservations");

const endpoint = process.env.SERVER;
const secure = endpoint.startsWith("https:");
const SUBSCRIPTION = "70000000-0000-4000-8000-000000000001";
const CUSTOMER = "50000000-0000-4000-8000-000000000001";
const OWN = `/subscriptions/${SUBSCRIPTION}`;
const GROUP = `${OWN}/resourceGroups/accounting`;
const PROVIDER = "/providers/Microsoft.Capacity";

// Over HTTPS nothing is overridden but the endpoint and the authority (and NODE_EXTRA_CA_CERTS).
// Over plain HTTP the client refuses to send a bearer token, so that a policy of our own sends it.
function connect(who) {
  if (secure) {
    const { ClientSecretCredential } = require("@azure/identity");
    const credential = new ClientSecretCredential(
      "10000000-0000-4000-8000-000000000001", "30000000-0000-4000-8000-000000000011", "any",
      { authorityHost: endpoint, disableInstanceDiscovery: true });
    return new AzureReservationAPI(credential, {
      endpoint,
      credentialScopes: "https://management.azure.com/.default",
      credentials: { scopes: ["https://management.azure.com/.default"] },
    });
  }
  const name = "bearerTokenAuthenticationPolicy";
  const credential = { getToken: () => assert.fail("a token was asked for over plain HTTP") };
  const made = new AzureReservationAPI(credential, { endpoint, allowInsecureConnection: true });
  made.pipeline.removePolicy({ name });
  made.pipeline.addPolicy({
    name,
    sendRequest(request, next) {
      request.headers.set("Authorization", `Bearer ${process.env[`TOKEN_${who}`]}`);
      return next(request);
    },
  });
  return made;
}

const client = connect("CONTOSO_ADMIN");
const quick = { updateIntervalInMs: 50 };

async function call(method, path, body, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(endpoint + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

const advance = (duration) => call("POST", "/_reservoir/clock", { advance: duration });

// What the partner owes for the customer, in minor units. The ledger must be balanced.
async function charged() {
  const view = await call("GET", `/_reservoir/ledger?customerId=${CUSTOMER}`);
  assert.ok(view.balanced, "the ledger is out of balance");
  return view.entries.filter((row) => row.account === "receivable")
    .reduce((sum, row) => sum + row.minorUnits * (row.side === "debit" ? 1 : -1), 0);
}

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

async function fails(statusCode, codes, action) {
  try {
    await action();
  } catch (error) {
    assert.equal(error.name, "RestError", error.stack);
    assert.equal(error.statusCode, statusCode, error.message);
    assert.ok([codes].flat().includes(error.code), `code ${error.code} (${error.message}), wanted ${codes}`);
    return;
  }
  assert.fail(`answered, wanted ${statusCode} ${codes}`);
}

const usd = (amount) => ({ currencyCode: "USD", amount });
const price = (value, amount) => assert.deepEqual({ ...value }, usd(amount));
const day = (date) => new Date(date).toISOString().slice(0, 10);
const guidOf = (id) => id.split("/").at(-1);
const fullId = (order, reservation) => `${PROVIDER}/reservationOrders/${order}/reservations/${reservation}`;
const codesOf = (errors) => (errors ?? []).map((error) => error.code);

const request = (size, quantity, more = {}) => ({
  sku: { name: size }, location: "eastus", reservedResourceType: "VirtualMachines", billingScopeId: OWN, term: "P1Y",
  billingPlan: "Upfront", quantity, displayName: `${quantity} of ${size}`, appliedScopeType: "Shared",
  reservedResourceProperties: { instanceFlexibility: "On" }, ...more,
});

const priceOf = async (body) => (await client.reservationOrder.calculate(body)).properties;

async function buy(body) {
  const { reservationOrderId } = await priceOf(body);
  const order = await client.reservationOrder.beginPurchaseAndWait(reservationOrderId, body, quick);
  assert.equal(order.name, reservationOrderId);
  return [order, guidOf(order.reservations[0].id)];
}

const active = async (order) =>
  (await all(client.reservation.list(order))).filter((one) => one.properties.provisioningState === "Succeeded");

const toReturn = (order, reservation, quantity) => ({ reservationId: fullId(order, reservation), quantity });

const quote = async (order, reservation, quantity) =>
  (await client.calculateRefund.post(order, {
    id: `${PROVIDER}/reservationOrders/${order}`,
    properties: { scope: "Reservation", reservationToReturn: toReturn(order, reservation, quantity) },
  })).properties;

const giveBack = (order, reservation, quantity, sessionId) =>
  client.return.beginPostAndWait(order, {
    properties: {
      sessionId, scope: "Reservation", reservationToReturn: toReturn(order, reservation, quantity),
      returnReason: "PurchasedWrongProduct",
    },
  }, quick);

const exchange = (sessionId) => client.exchange.beginPostAndWait({ properties: { sessionId } }, quick);

const chapters = {
  async begin() {
    await call("POST", "/_reservoir/clock", { now: "2030-03-11T09:30:00Z" });
  },

  async operations() {
    const names = (await all(client.operation.list())).map((one) => one.name.toLowerCase());
    assert.ok(names.includes("microsoft.capacity/reservationorders/read"), names);
  },

  async catalogue() {
    const method = client.listCatalog ? "listCatalog" : "getCatalog";
    const list = (options) =>
      client[method](SUBSCRIPTION, { reservedResourceType: "VirtualMachines", location: "eastus", ...options });
    const names = (await all(list())).map((item) => item.name);
    assert.ok(names.length > 20 && new Set(names).size === names.length, names);

    const [item, ...others] = await all(list({ filter: "name eq 'Standard_D2s_v5'" }));
    assert.equal(others.length, 0);
    assert.deepEqual([...item.terms].sort(), ["P1Y", "P3Y"]);
    assert.deepEqual([...item.billingPlans.P1Y].sort(), ["Monthly", "Upfront"]);
    price(item.msrp.p1Y, 519);
    price(item.msrp.p3Y, 997);
    assert.equal(item.skuProperties.find((one) => one.name === "Cores").value, "2");

    const pages = await all(list({ take: 7 }).byPage());
    assert.ok(pages.length > 1 && pages.every((page) => page.length <= 7), pages.map((page) => page.length));
    assert.deepEqual(pages.flat().map((one) => one.name), names);
    assert.deepEqual((await all(list({ skip: 3, take: 100 }))).map((one) => one.name), names.slice(3));
  },

  async prices() {
    const upfront = await priceOf(request("Standard_D2s_v5", 10));
    price(upfront.billingCurrencyTotal, 5190);
    assert.match(upfront.reservationOrderId, /^[0-9a-f-]{36}$/);
    assert.match(upfront.skuTitle, /Standard_D2s_v5/);
    const monthly = await priceOf(request("Standard_D2ds_v5", 1, { billingPlan: "Monthly" }));
    price(monthly.billingCurrencyTotal, 584);
    assert.deepEqual(monthly.paymentSchedule.map((row) => row.pricingCurrencyTotal.amount), [...Array(11).fill(48.66), 48.74]);
    assert.equal(day(monthly.paymentSchedule[11].dueDate), "2031-02-11");
    assert.equal(await charged(), 0);
  },

  async purchase(state) {
    const body = request("Standard_D2s_v5", 10);
    const [order, reservation] = await buy(body);
    assert.deepEqual([order.provisioningState, order.term, order.billingPlan, order.originalQuantity, order.displayName],
      ["Succeeded", "P1Y", "Upfront", 10, "10 of Standard_D2s_v5"]);
    assert.equal(day(order.expiryDate), "2031-03-11");
    assert.equal(await charged(), 519_000);
    const again = await client.reservationOrder.beginPurchaseAndWait(order.name, body, quick);
    assert.equal(again.id, order.id);
    await fails(409, "ReservationOrderIdAlreadyExists", () =>
      client.reservationOrder.beginPurchaseAndWait(order.name, { ...body, quantity: 11 }, quick));
    assert.equal(await charged(), 519_000);

    const { planInformation } = await client.reservationOrder.get(order.name, { expand: "schedule" });
    price(planInformation.pricingCurrencyTotal, 5190);
    assert.deepEqual(planInformation.transactions.map((row) => row.status), ["Succeeded"]);
    const found = await client.reservation.get(order.name, reservation, { expand: "renewProperties" });
    assert.deepEqual([found.name, found.location, found.sku.name], [reservation, "eastus", "Standard_D2s_v5"]);
    const { properties } = found;
    assert.deepEqual([properties.quantity, properties.term, properties.appliedScopeType, properties.renew],
      [10, "P1Y", "Shared", false]);
    assert.equal((await all(client.reservation.listRevisions(order.name, reservation))).length, 1);
    Object.assign(state, { order: order.name, reservation, etag: found.etag });
  },

  async scopes(state) {
    const { order, reservation } = state;
    const update = (patch) => client.reservation.beginUpdateAndWait(order, reservation, patch, quick);
    const change = async (patch) => {
      const changed = await update(patch);
      assert.equal(changed.etag, ++state.etag);
      return changed.properties;
    };
    const single = await change({ appliedScopeType: "Single", appliedScopes: [OWN] });
    assert.deepEqual([single.userFriendlyAppliedScopeType, single.appliedScopeProperties.subscriptionId], ["Single", OWN]);
    const token = secure ? state.token : process.env.TOKEN_CONTOSO_ADMIN;
    await call("PUT", `${GROUP}?api-version=2021-04-01`, { location: "eastus" }, token);
    const group = await change({ appliedScopeType: "Single", appliedScopeProperties: { resourceGroupId: GROUP } });
    assert.equal(group.userFriendlyAppliedScopeType, "ResourceGroup");
    const shared = await change({ appliedScopeType: "Shared", name: "accounting" });
    assert.deepEqual([shared.userFriendlyAppliedScopeType, shared.displayName], ["Shared", "accounting"]);
    await fails(400, ["PatchValuesSameAsExisting", "AppliedScopesSameAsExisting"], () => update({ appliedScopeType: "Shared" }));
    await fails(400, "MissingAppliedScopesForSingle", () => update({ appliedScopeType: "Single" }));
    const revisions = await all(client.reservation.listRevisions(order, reservation));
    assert.deepEqual(revisions.map((one) => one.etag), [0, 1, 2, 3].map((back) => state.etag - back));

    const other = "/subscriptions/70000000-0000-4000-8000-00000000ffff";
    const answer = await client.reservation.beginAvailableScopesAndWait(
      order, reservation, { properties: { scopes: [OWN, other] } }, quick);
    assert.deepEqual(answer.properties.scopes.map((one) => [one.scope, one.valid]), [[OWN, true], [other, false]]);
  },

  async splitAndMerge(state) {
    const { order } = state;
    const split = async (reservationId, quantities) =>
      [...await client.reservation.beginSplitAndWait(order, { quantities, reservationId }, quick)];
    const parts = await split(fullId(order, state.reservation), [4, 6]);
    assert.deepEqual(parts.map((part) => [part.properties.quantity, part.properties.provisioningState]),
      [[4, "Succeeded"], [6, "Succeeded"], [10, "Cancelled"]]);
    assert.equal(parts[2].properties.extendedStatusInfo.statusCode, "Split");
    await fails(400, ["InvalidRequestContent", "BadRequest"], () => split(parts[0].id, [1, 2]));
    const sources = parts.slice(0, 2).map((part) => part.id);
    const merged = [...await client.reservation.beginMergeAndWait(order, { sources }, quick)];
    assert.deepEqual(merged.map((one) => [one.properties.quantity, one.properties.provisioningState]),
      [[4, "Cancelled"], [6, "Cancelled"], [10, "Succeeded"]]);
    assert.equal((await all(client.reservation.list(order))).length, 4);
    assert.equal(await charged(), 519_000);
    state.reservation = merged[2].name;
  },

  async refund(state) {
    const { order, reservation } = state;
    await advance("P100D");
    const told = await quote(order, reservation, 4);
    price(told.billingRefundAmount, 1507.23);
    price(told.policyResult.properties.consumedRefundsTotal, 0);
    price(told.policyResult.properties.maxRefundLimit, 50_000);
    price(told.billingInformation.billingCurrencyTotalPaidAmount, 2076);
    price(told.billingInformation.billingCurrencyProratedAmount, 568.77);
    for (const quantity of [0, -1, 11]) {
      await fails(400, "InvalidRefundQuantity", () => quote(order, reservation, quantity));
    }
    await fails(400, "InvalidRequestContent", () => giveBack(order, reservation, 4, randomUUID()));
    assert.equal(await charged(), 519_000);
    const returned = await giveBack(order, reservation, 4, told.sessionId);
    assert.deepEqual([returned.name, returned.originalQuantity], [order, 10]);
    await giveBack(order, reservation, 4, told.sessionId);
    assert.equal(await charged(), 519_000 - 150_723);
    const [rest] = await active(order);
    assert.deepEqual([rest.properties.quantity, day(rest.properties.expiryDate)], [6, "2031-03-11"]);
    Object.assign(state, { reservation: rest.name, returned: reservation });

    const { sessionId } = await quote(order, rest.name, 1);
    await advance("PT31M");
    await fails(400, "InvalidRequestContent", () => giveBack(order, rest.name, 1, sessionId));
  },

  async exchanges(state) {
    const { order, reservation } = state;
    const before = await charged();
    const calculate = (body) => client.calculateExchange.beginPostAndWait({
      properties: { reservationsToPurchase: [body], reservationsToExchange: [toReturn(order, reservation, 6)] },
    }, quick);
    const little = await calculate(request("Standard_D2s_v5", 1));
    assert.deepEqual(codesOf(little.properties.policyResult.policyErrors), ["PurchaseCommitmentTooLow"]);
    await fails(400, "PurchaseCommitmentTooLow", () => exchange(little.properties.sessionId));
    const told = await calculate(request("Standard_D4s_v5", 3, { term: "P3Y" }));
    assert.equal(told.status, "Succeeded");
    price(told.properties.refundsTotal, 2260.85);
    price(told.properties.purchasesTotal, 5979);
    price(told.properties.netPayable, 3718.15);
    const done = await exchange(told.properties.sessionId);
    assert.equal(done.status, "Succeeded");
    const [made] = done.properties.reservationsToPurchase;
    assert.equal(made.status, "Succeeded");
    assert.equal(await charged(), before + 371_815);
    await exchange(told.properties.sessionId);
    assert.equal(await charged(), before + 371_815);
    assert.deepEqual(await active(order), []);
    const fresh = await client.reservationOrder.get(guidOf(made.reservationOrderId));
    assert.deepEqual([fresh.term, fresh.originalQuantity, day(fresh.expiryDate)], ["P3Y", 3, "2033-06-19"]);
    state.exchanged = fresh.name;
  },

  async archive({ order, returned }) {
    const archived = async () => Boolean((await client.reservation.get(order, returned)).properties.archived);
    assert.equal(await archived(), false);
    await client.reservation.archive(order, returned);
    assert.equal(await archived(), true);
    await client.reservation.unarchive(order, returned);
    assert.equal(await archived(), false);
  },

  async limit(state) {
    const [order, reservation] = await buy(request("Standard_E16s_v5", 13));
    const told = await quote(order.name, reservation, 10);
    price(told.billingRefundAmount, 52_100);
    price(told.policyResult.properties.consumedRefundsTotal, 1507.23);
    assert.deepEqual(codesOf(told.policyResult.properties.policyErrors), ["RefundLimitExceeded"]);
    const before = await charged();
    await fails(400, "RefundLimitExceeded", () => giveBack(order.name, reservation, 10, told.sessionId));
    assert.equal(await charged(), before);
    state.limited = order.name;
  },

  async lists(state) {
    const list = (options) => client.reservation.listAll(options);
    const everything = await all(list());
    assert.ok(everything.every((one) => one.name.split("/").length === 2), "order and reservation");
    const options = { orderby: "properties/quantity asc", filter: "(properties/archived eq false)", refreshSummary: "true" };
    const ordered = (await all(list(options))).map((one) => one.id);
    assert.equal(ordered.length, everything.length);
    const pages = await all(list({ ...options, take: 2 }).byPage());
    assert.ok(pages.length > 1 && pages.every((page) => page.length <= 2), pages.map((page) => page.length));
    assert.deepEqual(pages.flat().map((one) => one.id), ordered);
    assert.deepEqual((await all(list({ ...options, skiptoken: 3 }))).map((one) => one.id), ordered.slice(3));
    const bought = await all(list({ selectedState: "Succeeded" }));
    assert.deepEqual(new Set(bought.map((one) => one.sku.name)), new Set(["Standard_D4s_v5", "Standard_E16s_v5"]));

    const orders = (await all(client.reservationOrder.list())).map((one) => one.name);
    assert.deepEqual(new Set(orders), new Set([state.order, state.exchanged, state.limited]));
    const applied = await client.getAppliedReservationList(SUBSCRIPTION);
    const ids = applied.reservationOrderIds.value.map(guidOf);
    assert.ok(ids.includes(state.exchanged) && ids.includes(state.limited), ids);
  },

  async refusals(state) {
    const unknown = randomUUID();
    await fails(404, "ReservationOrderNotFound", () => client.reservationOrder.get(unknown));
    await fails(404, "InvalidReservationId", () => client.reservation.get(state.exchanged, unknown));
    await fails(404, "SubscriptionNotFound", () => client.getAppliedReservationList(unknown));
    await fails(409, "OperationCannotBePerformedInCurrentState", () =>
      client.reservationOrder.changeDirectory(state.exchanged, { destinationTenantId: CUSTOMER }));
    if (secure) return;
    const foreign = connect("FABRIKAM_ADMIN");
    await fails(404, "ReservationOrderNotFound", () => foreign.reservationOrder.get(state.exchanged));
    assert.deepEqual(await all(foreign.reservation.listAll()), []);
    const sales = connect("CONTOSO_SALES");
    price((await sales.reservationOrder.calculate(request("Standard_D2s_v5", 1))).properties.billingCurrencyTotal, 519);
    await fails(403, "AuthorizationFailed", () =>
      sales.reservationOrder.beginPurchaseAndWait(unknown, request("Standard_D2s_v5", 1), quick));
    await fails(401, ["InvalidAuthenticationToken", "InvalidAccessToken"], () =>
      connect("NOBODY").reservationOrder.get(state.exchanged));
  },
};

const state = {};
if (secure) {
  const { ClientSecretCredential } = require("@azure/identity");
  const credential = new ClientSecretCredential(
    "10000000-0000-4000-8000-000000000001", "30000000-0000-4000-8000-000000000011", "any",
    { authorityHost: endpoint, disableInstanceDiscovery: true });
  state.token = (await credential.getToken("https://management.azure.com/.default")).token;
}
for (const [name, chapter] of Object.entries(chapters)) {
  const began = performance.now();
  try {
    await chapter(state);
  } catch (error) {
    console.error(error);
    console.error(`FAILED in ${name}`);
    process.exit(1);
  }
  console.log(`${name}: ${((performance.now() - began) / 1000).toFixed(2)} s`);
}
