"""What the stories share: how a client is pointed at the server, and how to insist."""

import json
import os
import ssl
import sys
import time
import traceback
import urllib.request

BASE = os.environ["SERVER"]
CA = os.environ.get("SERVER_CA")
SUBSCRIPTION = "70000000-0000-4000-8000-000000000001"
CUSTOMER = "50000000-0000-4000-8000-000000000001"
CONTOSO = "10000000-0000-4000-8000-000000000001"
PROVIDER = "/providers/Microsoft.Capacity"
# A day that is neither past nor near any date that a rule names.
START = "2030-03-11T09:30:00Z"


class FixedToken:
    """The credential that every client insists on. Not asked over plain HTTP."""

    def get_token(self, *_scopes, **_options):
        raise AssertionError("a token was asked for over plain HTTP")


def connection(who):
    """The constructor arguments that point a management client at the server as `who`.

    Over HTTPS nothing is overridden but the endpoint, the authority and the CA. Over plain HTTP the
    clients refuse to send a bearer token, so that a policy of our own sends it."""
    if CA:
        from azure.identity import ClientSecretCredential

        assert who == "CONTOSO_ADMIN"
        credential = ClientSecretCredential(
            tenant_id=CONTOSO,
            client_id="30000000-0000-4000-8000-000000000011",
            client_secret="any",
            authority=BASE,
            disable_instance_discovery=True,
            connection_verify=CA,
        )
        return {"credential": credential, "base_url": BASE, "connection_verify": CA}

    from azure.core.pipeline.policies import SansIOHTTPPolicy

    token = os.environ["TOKEN_" + who]

    class Bearer(SansIOHTTPPolicy):
        def on_request(self, request):
            request.http_request.headers["Authorization"] = "Bearer " + token

    return {"credential": FixedToken(), "base_url": BASE, "authentication_policy": Bearer(), "polling_interval": 0}


def call(method, path, body=None, token=None):
    """A call without any client; its JSON."""
    request = urllib.request.Request(BASE + path, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    context = ssl.create_default_context(cafile=CA) if CA else None
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {path} answered {error.code}: {error.read().decode()}") from None
    return json.loads(text) if text else None


def set_clock(now):
    call("POST", "/_reservoir/clock", {"now": now})


def advance(duration):
    call("POST", "/_reservoir/clock", {"advance": duration})


def charged():
    """What the partner owes for the customer, in minor units. The ledger must be balanced."""
    view = call("GET", f"/_reservoir/ledger?customerId={CUSTOMER}")
    assert view["balanced"], "the ledger is out of balance"
    rows = [row for row in view["entries"] if row["account"] == "receivable"]
    return sum(row["minorUnits"] * (1 if row["side"] == "debit" else -1) for row in rows)


def same(got, wanted, what):
    assert got == wanted, f"{what}: {got!r}, wanted {wanted!r}"


def fails(kind, status, codes, action):
    """Insists that `action` raises `kind` with this status and one of these codes."""
    codes = (codes,) if isinstance(codes, str) else codes
    try:
        result = action()
    except kind as error:
        same(error.status_code, status, f"status of {error.message}")
        assert error.error is not None, f"no error body: {error}"
        assert error.error.code in codes, f"code {error.error.code!r} ({error.error.message}), wanted {codes}"
        assert error.error.message, "an error without a message"
        return error
    raise AssertionError(f"answered {result}, wanted {status} {codes}")


def run(*chapters):
    """Runs each chapter and says where it ended."""
    state = {}
    for chapter in chapters:
        began = time.monotonic()
        try:
            chapter(state)
        except Exception:
            traceback.print_exc()
            sys.exit(f"FAILED in {chapter.__name__}")
        print(f"{chapter.__name__}: {time.monotonic() - began:.2f} s", flush=True)
