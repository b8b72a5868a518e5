# Alarms, and the topic that sends them.

locals {
  function_dimension = { FunctionName = var.name }
  mapping_dimension  = { EventSourceMappingUUID = one(aws_lambda_event_source_mapping.input[*].uuid) }
  quarantined        = { namespace = "stream-predictor", metric = "${var.name}-quarantined" }

  alarms = {
    iterator-age = {
      description = "The oldest unread event is more than ${var.alarms.iterator_age_minutes} minutes old. The function does not keep up, or a batch does not get through."
      namespace   = "AWS/Lambda", metric = "IteratorAge", dimensions = local.function_dimension
      # Lambda writes this metric once per invocation. For a batch that is retried, that is less than once a
      # minute.
      statistic = "Maximum", threshold = var.alarms.iterator_age_minutes * 60000, periods = 1
    }
    errors = {
      description = "Invocations fail as a whole. A line in the log says why."
      namespace   = "AWS/Lambda", metric = "Errors", dimensions = local.function_dimension
      statistic   = "Sum", threshold = 0, periods = 1
    }
    throttles = {
      description = "Lambda has no concurrency left for the function."
      namespace   = "AWS/Lambda", metric = "Throttles", dimensions = local.function_dimension
      statistic   = "Sum", threshold = 0, periods = 5
    }
    output-throttles = {
      description = "The output stream has refused records for 5 minutes. It needs more shards, or keys that spread better."
      namespace   = "AWS/Kinesis", metric = "WriteProvisionedThroughputExceeded", dimensions = { StreamName = local.stream_names.output }
      statistic   = "Sum", threshold = 0, periods = 5
    }
    quarantined = {
      description = "Records that can never be predicted were stored below s3://${aws_s3_bucket.failures.bucket}/quarantine."
      namespace   = local.quarantined.namespace, metric = local.quarantined.metric, dimensions = {}
      statistic   = "Sum", threshold = 0, periods = 1
    }
  }

  # These count events of the mapping, which exists only with the function.
  mapping_alarms = local.deployed == 0 ? {} : {
    dropped = {
      description = "Lambda dropped events. They were neither predicted nor kept."
      namespace   = "AWS/Lambda", metric = "DroppedEventCount", dimensions = local.mapping_dimension
      statistic   = "Sum", threshold = 0, periods = 1
    }
    given-up = {
      description = "Lambda gave up batches, and stored them below s3://${aws_s3_bucket.failures.bucket}/aws/lambda. `stream-predictor replay` sends them again."
      namespace   = "AWS/Lambda", metric = "OnFailureDestinationDeliveredEventCount", dimensions = local.mapping_dimension
      statistic   = "Sum", threshold = 0, periods = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = merge(local.alarms, local.mapping_alarms)

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# The log line of each batch has its counts.
resource "aws_cloudwatch_log_metric_filter" "quarantined" {
  name           = "quarantined"
  log_group_name = aws_cloudwatch_log_group.function.name
  pattern        = "{ $.fields.quarantined > 0 }"

  metric_transformation {
    namespace = local.quarantined.namespace
    name      = local.quarantined.metric
    value     = "$.fields.quarantined"
    unit      = "Count"
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:alarms cannot publish to a topic under AWS's own key; kms_key_arn is used if given
  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarms.emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}
