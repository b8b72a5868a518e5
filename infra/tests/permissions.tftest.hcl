# The rights of the function: not wider than its use of them.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_kinesis_stream.made["input"]
  values = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/stream-predictor-events" }
}

override_resource {
  target = aws_kinesis_stream.made["output"]
  values = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/stream-predictor-predictions" }
}

override_resource {
  target = aws_s3_bucket.failures
  values = { arn = "arn:aws:s3:::stream-predictor-failures-123456789012-eu-west-1" }
}

variables {
  run_id = "0123456789abcdef0123456789abcdef"
  # Any file will do: the tests do not read it.
  code = { zip = "versions.tf" }
}

run "each_right_is_one_that_is_used" {
  command = apply

  assert {
    condition = jsondecode(aws_iam_role_policy.function.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "ReadInput", Effect = "Allow"
          Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
          Resource = ["arn:aws:kinesis:eu-west-1:123456789012:stream/stream-predictor-events"]
        },
        {
          Sid      = "Publish", Effect = "Allow"
          Action   = ["kinesis:DescribeStreamSummary", "kinesis:PutRecords"]
          Resource = ["arn:aws:kinesis:eu-west-1:123456789012:stream/stream-predictor-predictions"]
        },
        {
          Sid      = "ReadModel", Effect = "Allow"
          Action   = ["s3:GetObject"]
          Resource = ["arn:aws:s3:::stream-predictor-models-123456789012-eu-west-1/1/*"]
        },
        {
          Sid       = "FindModel", Effect = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = ["arn:aws:s3:::stream-predictor-models-123456789012-eu-west-1"]
          Condition = { StringLike = { "s3:prefix" = ["1/*"] } }
        },
        {
          Sid      = "KeepFailures", Effect = "Allow"
          Action   = ["s3:PutObject"]
          Resource = ["arn:aws:s3:::stream-predictor-failures-123456789012-eu-west-1/quarantine/*", "arn:aws:s3:::stream-predictor-failures-123456789012-eu-west-1/aws/lambda/*"]
        },
        {
          Sid      = "FindFailures", Effect = "Allow"
          Action   = ["s3:ListBucket"]
          Resource = ["arn:aws:s3:::stream-predictor-failures-123456789012-eu-west-1"]
        },
        {
          Sid      = "Log", Effect = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/stream-predictor:*"]
        },
      ]
    }
    error_message = "The function's policy differs from the expected one: ${aws_iam_role_policy.function.policy}"
  }

  assert {
    condition     = jsondecode(aws_iam_role.function.assume_role_policy).Statement == [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
    error_message = "Only Lambda may assume the role."
  }

  # A * may stand only at the end, where AWS offers nothing narrower: keys below a prefix of S3, streams of
  # one log group.
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : [
        [for action in statement.Action : can(regex("^[a-z0-9]+:[A-Za-z]+$", action))],
        [for resource in statement.Resource : can(regex("^arn:aws:(kinesis:[^*]+|s3:::[^*/]+|s3:::[^*/]+/[^*]+/[*]|logs:[^*]+:[*]|kms:[^*]+)$", resource))],
      ]
    ]))
    error_message = "The function's policy has an action or a resource wider than one stream, one prefix, one log group or one key."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_ecr_repository_policy.function.policy).Statement :
      statement.Principal == { Service = "lambda.amazonaws.com" } && statement.Action == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      && statement.Condition.ArnLike["aws:SourceArn"][0] == "arn:aws:lambda:eu-west-1:123456789012:function:stream-predictor"
    ])
    error_message = "Only this function may pull the image."
  }

  assert {
    condition = alltrue([for policy in aws_s3_bucket_policy.tls : alltrue([
      for statement in jsondecode(policy.policy).Statement : statement.Effect == "Deny"
    ])]) && length(aws_s3_bucket_policy.tls) == 2
    error_message = "The policies of the buckets only deny."
  }
}

run "keys_are_named" {
  command = apply

  variables {
    kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/ours"
    input_stream = { existing = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/input" } }
    model        = { existing = { bucket = "models", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/model" }, prefix = "mlflow", experiment_id = "3" }
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Sid => [statement.Action, statement.Resource] if can(regex("crypt$", statement.Sid)) } == {
      Decrypt = [["kms:Decrypt"], ["arn:aws:kms:eu-west-1:123456789012:key/input", "arn:aws:kms:eu-west-1:123456789012:key/model", "arn:aws:kms:eu-west-1:123456789012:key/ours"]]
      Encrypt = [["kms:GenerateDataKey"], ["arn:aws:kms:eu-west-1:123456789012:key/ours"]]
    }
    error_message = "The function may use only the keys of the resources that it reads and writes."
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.function.policy).Statement :
      statement.Resource == ["arn:aws:s3:::models/mlflow/3/*"] if statement.Sid == "ReadModel"
    ])
    error_message = "The function may read only the models of its experiment."
  }
}

run "a_location_is_all_that_is_read" {
  command = apply

  variables {
    model = { existing = { bucket = "models" }, location = "s3://models/exports/rides/" }
  }

  assert {
    condition = alltrue(concat(
      [for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Resource == ["arn:aws:s3:::models/exports/rides/*"] if statement.Sid == "ReadModel"],
      [for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition.StringLike["s3:prefix"] == ["exports/rides/*"] if statement.Sid == "FindModel"],
    ))
    error_message = "The function may read only the model at model.location."
  }
}
