"""The permissions that looking at AWS needs, and no more. docs/iam-permissions.md tells what each is for."""

import json

READ_ONE = ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions")
LIST_ALL = ("iam:ListPolicies",)


def least_privilege(partition: str = "aws") -> str:
    """The JSON of an IAM policy that allows what the tracker calls, on AWS's own policies of one partition.

    ListPolicies knows no resources, so its statement is apart.
    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """
    statements = [
        {
            "Sid": "ReadManagedPolicies",
            "Effect": "Allow",
            "Action": READ_ONE,
            "Resource": f"arn:{partition}:iam::aws:policy/*",
        },
        {"Sid": "ListAndProveRemovals", "Effect": "Allow", "Action": LIST_ALL, "Resource": "*"},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"
