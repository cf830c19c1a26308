"""The AWS CLI against the local AWS, and every request of a drain against botocore's models."""
