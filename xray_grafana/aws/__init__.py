"""AWS: policies, trust, CloudFormation, scripts."""
