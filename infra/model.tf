# Where the model is: a bucket that MLflow logs to already, or one made for it.

locals {
  model_bucket = var.model.bucket == null ? aws_s3_bucket.model[0].bucket : var.model.bucket
  # All models of the experiment are below it, in the layouts of MLflow 2 and 3.
  model_prefix     = join("/", compact([var.model.prefix, var.model.experiment_id]))
  model_bucket_arn = "arn:${local.partition}:s3:::${local.model_bucket}"
  model_key        = var.model.bucket == null ? var.kms_key_arn : var.model.kms_key_arn

  existing_model = var.model.bucket == null ? [] : [var.model.bucket]
  # The provider's version 6 calls it bucket_region.
  model_bucket_region = [for bucket in data.aws_s3_bucket.model : lookup(bucket, "bucket_region", lookup(bucket, "region", local.region))]
}

resource "aws_s3_bucket" "model" {
  #checkov:skip=CKV_AWS_18:access logs of a bucket that one function reads would cost more than they tell
  #checkov:skip=CKV_AWS_144:a model is logged from a run that can be repeated; replication is left to who needs it
  #checkov:skip=CKV_AWS_145:encrypted with kms_key_arn if one is given, with S3's own keys otherwise
  #checkov:skip=CKV2_AWS_61:what MLflow logged is kept until its owner deletes it
  #checkov:skip=CKV2_AWS_62:nothing waits for a new model: promoting one is a decision
  count = var.model.bucket == null ? 1 : 0

  bucket = "${var.name}-models-${local.account}-${local.region}"
}

data "aws_s3_bucket" "model" {
  count  = length(local.existing_model)
  bucket = local.existing_model[count.index]
}

# Is there anything to load? Which model it is, the function finds at cold start.
data "aws_s3_objects" "model" {
  for_each = var.model.bucket == null || var.run_id == null ? toset([]) : toset(var.model.location == null ? [
    "${local.model_prefix}/${var.run_id}/artifacts/",
    "${local.model_prefix}/models/",
  ] : ["${trimsuffix(trimprefix(var.model.location, "s3://${var.model.bucket}/"), "/")}/"])

  bucket   = var.model.bucket
  prefix   = each.value
  max_keys = 1
}
