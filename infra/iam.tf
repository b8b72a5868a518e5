# The rights of the function: exactly those that it uses. `tests/permissions.tftest.hcl` checks them word by
# word.

locals {
  statements = concat(
    [
      {
        Sid      = "ReadInput"
        Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
        Resource = [local.stream_arns.input]
      },
      {
        Sid      = "Publish"
        Action   = ["kinesis:DescribeStreamSummary", "kinesis:PutRecords"]
        Resource = [local.stream_arns.output]
      },
      {
        Sid      = "ReadModel"
        Action   = ["s3:GetObject"]
        Resource = ["${local.model_bucket_arn}/${local.model_prefix}/*"]
      },
      {
        Sid       = "FindModel"
        Action    = ["s3:ListBucket"]
        Resource  = [local.model_bucket_arn]
        Condition = { StringLike = { "s3:prefix" = ["${local.model_prefix}/*"] } }
      },
      {
        Sid    = "KeepFailures"
        Action = ["s3:PutObject"]
        # The mapping's id would come next, but it is known only after Lambda has checked this right.
        Resource = ["${aws_s3_bucket.failures.arn}/quarantine/*", "${aws_s3_bucket.failures.arn}/aws/lambda/*"]
      },
      {
        # Lambda uses this right to check the destination of a mapping.
        Sid      = "FindFailures"
        Action   = ["s3:ListBucket"]
        Resource = [aws_s3_bucket.failures.arn]
      },
      {
        Sid      = "Log"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name}:*"]
      },
    ],
    [
      for sid, keys in {
        Decrypt = compact([local.stream_keys.input, local.model_key, var.kms_key_arn])
        Encrypt = compact([local.stream_keys.output, var.kms_key_arn])
        } : {
        Sid      = sid
        Action   = sid == "Decrypt" ? ["kms:Decrypt"] : ["kms:GenerateDataKey"]
        Resource = distinct(keys)
      } if length(keys) > 0
    ],
  )
}

resource "aws_iam_role" "function" {
  name        = "${var.name}-${local.region}"
  description = "Role of the function ${var.name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "function"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.statements : merge({ Effect = "Allow" }, statement)]
  })
}
