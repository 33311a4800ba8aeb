"""A catalogue of a few actions, written by hand: what a test says about wildcards can be counted on two hands."""

from collections.abc import Mapping

from tracker.model.catalogue import ActionInfo

FEW: Mapping[str, Mapping[str, str]] = {
    "apigateway": {"GET": "Read", "POST": "Write"},
    "cloudwatch": {"GetMetricData": "Read", "ListMetrics": "List"},
    "ec2": {
        "DescribeImages": "List",
        "DescribeInstances": "List",
        "DescribeVpcs": "List",
        "RunInstances": "Write",
    },
    "iam": {"CreateUser": "Permissions management, Write", "DeleteRole": "Permissions management, Write"},
    "managedblockchain": {"GET": "Read", "GetNode": "Read"},
    "s3": {"GetBucketAcl": "Read", "GetObject": "Read", "ListBucket": "List", "PutObject": "Write"},
    "sts": {"AssumeRole": "Write", "GetCallerIdentity": "Read"},
}


class FakeCatalogue:
    """A `Catalogue` over a dictionary: service -> action -> access level."""

    def __init__(self, known: Mapping[str, Mapping[str, str]] = FEW, *, version: str = "few") -> None:
        self.version = version
        self._known = {
            service: {
                name.lower(): ActionInfo(service, name, level, f"Does {name}")
                for name, level in actions.items()
            }
            for service, actions in known.items()
        }

    def services(self) -> tuple[str, ...]:
        """Every service prefix, sorted."""
        return tuple(sorted(self._known))

    def service_name(self, service: str) -> str:
        """A made-up human name for a known prefix, the prefix itself for another."""
        return f"Amazon {service}" if service in self._known else service

    def actions(self, service: str) -> tuple[str, ...]:
        """The names of a service's actions, lower case, sorted."""
        return tuple(sorted(self._known.get(service.lower(), {})))

    def action(self, service: str, name: str) -> ActionInfo | None:
        """What is known of one action."""
        return self._known.get(service.lower(), {}).get(name.lower())
