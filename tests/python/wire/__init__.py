"""The local AWS as boto3 sees it."""
