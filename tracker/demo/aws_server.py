"""The embedded AWS itself: moto's server in a process of its own, started by `tracker.demo.aws`.

It listens on a free loopback port and speaks AWS's protocol there. Its standard input takes orders, one JSON object
a line, and answers each with one line; when the input ends, whoever started it is gone, and so it ends as well.

Moto always dates a new version now, numbers it itself, keeps five and never moves UpdateDate, so an order sets a
policy's versions, dates and default in the backend, and UpdateDate as AWS defines it: when the most recent version
was created (https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html). Its ListPolicyVersions answers without
IsTruncated, which IAM always sends and without which nobody can tell a whole list from half of one: it is added.
"""

import json
import os
import signal
import sys
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Any

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # moto reads it when its backend is made

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.iam.models import AWSManagedPolicy, PolicyVersion, iam_backends
from moto.iam.responses import IamResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend

from tracker.model.identity import PolicyArn


def publish(backend: "IAMBackend", order: dict[str, Any]) -> None:
    """Give the policy `arn` exactly these `versions` ({version, create_date, document}) and this `default`."""
    arn = PolicyArn.parse(order["arn"])
    versions = [
        PolicyVersion(
            str(arn),
            each["document"],
            each["version"] == order["default"],
            each["version"],
            datetime.fromisoformat(each["create_date"]),
        )
        for each in order["versions"]
    ]
    made = {
        "Path": arn.path,
        "DefaultVersionId": order["default"],
        "CreateDate": min(each["create_date"] for each in order["versions"]),
        "UpdateDate": order["update_date"],
    }
    policy = backend.managed_policies.get(str(arn)) or AWSManagedPolicy.from_data(
        arn.name, DEFAULT_ACCOUNT_ID, "us-east-1", made
    )
    policy.versions = versions
    policy.default_version_id = order["default"]
    policy.update_date = datetime.fromisoformat(order["update_date"])
    backend.managed_policies[str(arn)] = policy


def link_role(backend: "IAMBackend", order: dict[str, Any]) -> None:
    """Make the service-linked role of `service`, as of `made`, with one policy; there already, it gets this trust policy alone."""
    name, trust = order["name"], json.dumps(order["trust"])
    if name not in {role.name for role in backend.get_roles()}:
        # Not by create_service_linked_role, which makes another name of this service.
        made = backend.create_role(
            name, trust, f"/aws-service-role/{order['service']}/", None, "", [], None, order["service"]
        )
        made.create_date = datetime.fromisoformat(order["made"])
        backend.attach_role_policy(order["policy"], name)
    backend.get_role(name).assume_role_policy_document = trust


def _list_policy_versions(self: IamResponse) -> ActionResult:
    versions = self.backend.list_policy_versions(self._get_param("PolicyArn"))
    return ActionResult({"Versions": versions, "IsTruncated": False})


def obey(backend: "IAMBackend", order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order and say what came of it."""
    if order["do"] == "publish":
        publish(backend, order)
    elif order["do"] == "role":
        link_role(backend, order)
    elif order["do"] == "remove":
        backend.managed_policies.pop(order["arn"], None)
    else:
        return {"error": f"no such order: {order['do']!r}"}
    return {"ok": True}


def main() -> None:
    """Serve until standard input ends."""
    # Ctrl-C in a terminal reaches the whole process group: the one that started us decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    IamResponse.list_policy_versions = _list_policy_versions  # type: ignore[method-assign] # moto's own method, exchanged in its process alone
    backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever moto prints must not come between the answers
    for answer in _answers(backend, server.server_port):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answers(backend: "IAMBackend", port: int) -> Any:
    yield {"port": port, "policies": len(backend.managed_policies)}
    for line in sys.stdin:
        try:
            yield obey(backend, json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            yield {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
