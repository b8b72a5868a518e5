# Streams, buckets, repository and alarms.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  run_id = "0123456789abcdef0123456789abcdef"
  code   = { zip = "versions.tf" }
}

run "streams_are_on_demand_and_encrypted" {
  command = apply

  assert {
    condition     = alltrue([for stream in aws_kinesis_stream.made : stream.encryption_type == "KMS" && stream.kms_key_id == "alias/aws/kinesis" && stream.stream_mode_details[0].stream_mode == "ON_DEMAND" && stream.retention_period == 24])
    error_message = "Streams are on demand and encrypted by default."
  }
  assert {
    condition     = aws_kinesis_stream.made["input"].name == "stream-predictor-events" && aws_kinesis_stream.made["output"].name == "stream-predictor-predictions"
    error_message = "The names of streams begin with the function's."
  }
}

run "streams_may_be_provisioned" {
  command = apply

  variables {
    input_stream = { name = "ride_events", shards = 2, retention_hours = 48 }
    kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/ours"
  }

  assert {
    condition     = aws_kinesis_stream.made["input"].shard_count == 2 && aws_kinesis_stream.made["input"].stream_mode_details[0].stream_mode == "PROVISIONED" && aws_kinesis_stream.made["input"].retention_period == 48
    error_message = "A stream with shards is provisioned."
  }
  assert {
    condition     = aws_kinesis_stream.made["input"].kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/ours" && aws_ecr_repository.function.encryption_configuration[0].kms_key == "arn:aws:kms:eu-west-1:123456789012:key/ours" && aws_sns_topic.alarms.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/ours" && aws_cloudwatch_log_group.function.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/ours"
    error_message = "kms_key_arn is the key of everything that is created."
  }
}

run "existing_streams_and_bucket_are_left_alone" {
  command = apply

  variables {
    input_stream = { existing = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs" } }
    model        = { existing = { bucket = "models" }, prefix = "mlflow" }
  }

  assert {
    condition     = !contains(keys(aws_kinesis_stream.made), "input") && length(aws_s3_bucket.model) == 0
    error_message = "Existing resources are not created again."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].event_source_arn == "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs" && aws_lambda_function.predictor[0].environment[0].variables["MODEL_BUCKET"] == "models/mlflow"
    error_message = "Existing resources are used."
  }
}

run "buckets_are_private_and_empty_themselves" {
  command = apply

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.made : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.made) == 2
    error_message = "No bucket is public."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.failures.rule[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.failures.rule[0].expiration[0].days == 90
    error_message = "Failures expire."
  }
}

run "images_cannot_change_under_their_tag" {
  command = apply

  assert {
    condition     = aws_ecr_repository.function.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.function.image_scanning_configuration[0].scan_on_push
    error_message = "Tags are immutable and images are scanned."
  }
  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.function.policy).rules[0].action.type == "expire"
    error_message = "Old images expire."
  }
}

run "alarms_reach_someone" {
  command = apply

  variables {
    alarms = { emails = ["someone@example.com"] }
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["iterator-age", "errors", "throttles", "output-throttles", "quarantined", "dropped", "given-up"])
    error_message = "There is an alarm for each way in which records are late or lost."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])]) && aws_sns_topic_subscription.email["someone@example.com"].protocol == "email"
    error_message = "Each alarm goes to the topic, and from there to the addresses."
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.quarantined.pattern == "{ $.fields.quarantined > 0 }" && aws_cloudwatch_log_metric_filter.quarantined.metric_transformation[0].name == aws_cloudwatch_metric_alarm.this["quarantined"].metric_name
    error_message = "Quarantined records are counted from the log."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 6
    error_message = "The dashboard has six graphs."
  }
}
