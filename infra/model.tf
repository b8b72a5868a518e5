# Where the model is: a bucket that MLflow logs to already, or one made for it.

locals {
  model_bucket     = var.model.existing == null ? aws_s3_bucket.model[0].bucket : var.model.existing.bucket
  model_bucket_arn = "arn:${local.partition}:s3:::${local.model_bucket}"
  model_key        = var.model.existing == null ? var.kms_key_arn : var.model.existing.kms_key_arn

  # All models of the experiment are below it, in the layouts of MLflow 2 and 3; or the one that is told.
  experiment_prefix = join("/", compact([var.model.prefix, var.model.experiment_id]))
  model_prefix      = var.model.location == null ? local.experiment_prefix : trimsuffix(regex("^s3://[^/]+/(.+)$", var.model.location)[0], "/")
}

resource "aws_s3_bucket" "model" {
  #checkov:skip=CKV_AWS_18:access logs of a bucket that one function reads would cost more than they tell
  #checkov:skip=CKV_AWS_144:a model is logged from a run that can be repeated; replication is left to who needs it
  #checkov:skip=CKV_AWS_145:encrypted with kms_key_arn if one is given, with S3's own keys otherwise
  #checkov:skip=CKV2_AWS_61:what MLflow logged is kept until its owner deletes it
  #checkov:skip=CKV2_AWS_62:nothing waits for a new model: promoting one is a decision
  count = var.model.existing == null ? 1 : 0

  bucket = "${var.name}-models-${local.account}-${local.region}"
}

# Is there anything to load? Which model it is, the function finds at cold start.
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

# While the bucket is yet to be made its id is not known: then it is listed once it is there.
data "aws_s3_objects" "made" {
  for_each = toset(var.model.existing == null ? local.searched : [])

  bucket   = aws_s3_bucket.model[0].id
  prefix   = each.value
  max_keys = 1
}
