"""The permissions that looking at AWS needs, and no more. docs/iam-permissions.md tells what each is for."""

import json

READ_ONE = ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions")
LIST_ALL = ("iam:ListPolicies",)
READ_ROLES = ("iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")


def least_privilege(partition: str = "aws") -> str:
    """The JSON of an IAM policy that allows what the tracker calls, on AWS's own policies and roles of one partition.

    The last statement is for the watched roles alone: without it everything else goes on.
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
        {
            "Sid": "ReadServiceLinkedRoles",
            "Effect": "Allow",
            "Action": READ_ROLES,
            "Resource": f"arn:{partition}:iam::*:role/aws-service-role/*",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"
