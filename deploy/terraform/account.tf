# Where the module is applied. All other locals are functions of these and of the variables, so that they can be
# evaluated, and compared with template.yaml, without an account.

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  account   = data.aws_caller_identity.current.account_id
}
