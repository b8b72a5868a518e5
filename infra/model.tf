# The bucket of the models: one that MLflow logs to already, or one that is created.

locals {
  model_bucket     = var.model.existing == null ? aws_s3_bucket.model[0].bucket : var.model.existing.bucket
  model_bucket_arn = "arn:${local.partition}:s3:::${local.model_bucket}"
  model_key        = var.model.existing == null ? var.kms_key_arn : var.model.existing.kms_key_arn

  # All models of the experiment are below this prefix, in the layouts of MLflow 2 and 3; or only the model at
  # model.location.
  experiment_prefix = join("/", compact([var.model.prefix, var.model.experiment_id]))
  model_prefix      = var.model.location == null ? local.experiment_prefix : trimsuffix(regex("^s3://[^/]+/(.+)$", var.model.location)[0], "/")
}

resource "aws_s3_bucket" "model" {
  #checkov:skip=CKV_AWS_18:one function reads the bucket, so access logs would cost more than they are worth
  #checkov:skip=CKV_AWS_144:a run can be repeated, so replication is left to those who need it
  #checkov:skip=CKV_AWS_145:encrypted with kms_key_arn if given, otherwise with S3's own keys
  #checkov:skip=CKV2_AWS_61:models are kept until their owner deletes them
  #checkov:skip=CKV2_AWS_62:nothing waits for new models: a person promotes them
  count = var.model.existing == null ? 1 : 0

  bucket = "${var.name}-models-${local.account}-${local.region}"
}

# The plan checks that there is something to load. The function finds the model itself at cold start.
locals {
  searched = var.run_id == null ? [] : var.model.location == null ? [
    "${local.model_prefix}/${var.run_id}/artifacts/",
    "${local.model_prefix}/models/",
  ] : ["${local.model_prefix}/"]
  models_found = concat([for listed in data.aws_s3_objects.existing : listed.keys], [for listed in data.aws_s3_objects.made : listed.keys])
}

data "aws_s3_objects" "existing" {
  for_each = toset(var.model.existing == null ? [] : local.searched)

  bucket   = var.model.existing.bucket
  prefix   = each.value
  max_keys = 1
}

# The id of a new bucket is not known in the plan. Then the bucket is listed during the apply.
data "aws_s3_objects" "made" {
  for_each = toset(var.model.existing == null ? local.searched : [])

  bucket   = aws_s3_bucket.model[0].id
  prefix   = each.value
  max_keys = 1
}
