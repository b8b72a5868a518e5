# Records that can never be predicted (quarantine/), and batches that Lambda gave up (aws/lambda/).

resource "aws_s3_bucket" "failures" {
  #checkov:skip=CKV_AWS_18:one function writes the bucket, so access logs would cost more than they are worth
  #checkov:skip=CKV_AWS_144:the records come from a stream in one region, and stay there
  #checkov:skip=CKV_AWS_145:encrypted with kms_key_arn if given, otherwise with S3's own keys
  #checkov:skip=CKV_AWS_21:an object is only ever overwritten with the same content
  #checkov:skip=CKV2_AWS_62:alarms report new objects
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
