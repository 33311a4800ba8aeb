"""policy-tracker: what can be done in an AWS account today that could not be done before."""
