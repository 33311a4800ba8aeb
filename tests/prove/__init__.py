"""The comparison against an independent oracle, by brute force: `python -m tests.prove`.

The oracle reads raw JSON, evaluates requests as the IAM User Guide says, and shares no code with the comparison:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""
