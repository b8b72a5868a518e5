# Records that can never be predicted (quarantine/), and batches that Lambda gave up (aws/lambda/).

resource "aws_s3_bucket" "failures" {
  #checkov:skip=CKV_AWS_18:access logs of a bucket that one function writes would cost more than they tell
  #checkov:skip=CKV_AWS_144:the records' source is a stream of one region, and so is this
  #checkov:skip=CKV_AWS_145:encrypted with kms_key_arn if one is given, with S3's own keys otherwise
  #checkov:skip=CKV_AWS_21:an object is written again only with the same content
  #checkov:skip=CKV2_AWS_62:alarms tell of new objects
  bucket = "${var.name}-failures-${local.account}-${local.region}"
}

resource "aws_s3_bucket_lifecycle_configuration" "failures" {
  bucket = aws_s3_bucket.failures.id

  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration {
      days = var.failures_retention_days
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}
