# shellcheck shell=bash
# Sourced by the tests: they ignore the AWS account that the caller is signed in to.

unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_CA_BUNDLE
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
export AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export SAM_CLI_TELEMETRY=0

# What a Python program imports is compiled by the first that does so, and kept: it is most of the time of a short one.
unset PYTHONDONTWRITEBYTECODE
