"""What a role really did: calls read from CloudTrail, held against what was in force when each was made."""
