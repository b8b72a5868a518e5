# One page: does the function keep up, does anything fail, how long do invocations take.

locals {
  mapping_id = try(aws_lambda_event_source_mapping.input[0].uuid, "none")

  graphs = {
    "Events in, predictions out" = { statistic = "Sum", metrics = [
      ["AWS/Kinesis", "IncomingRecords", "StreamName", local.stream_names.input],
      ["AWS/Kinesis", "IncomingRecords", "StreamName", local.stream_names.output],
    ] }
    "Age of the oldest unread event, ms" = { statistic = "Maximum", metrics = [
      ["AWS/Lambda", "IteratorAge", "FunctionName", var.name],
    ] }
    "Invocations" = { statistic = "Sum", metrics = [
      ["AWS/Lambda", "Invocations", "FunctionName", var.name],
      ["AWS/Lambda", "Errors", "FunctionName", var.name],
      ["AWS/Lambda", "Throttles", "FunctionName", var.name],
    ] }
    "Duration, ms" = { statistic = "p99", metrics = [
      ["AWS/Lambda", "Duration", "FunctionName", var.name],
    ] }
    "Events without a prediction" = { statistic = "Sum", metrics = [
      [local.quarantined.namespace, local.quarantined.metric],
      ["AWS/Lambda", "OnFailureDestinationDeliveredEventCount", "EventSourceMappingUUID", local.mapping_id],
      ["AWS/Lambda", "DroppedEventCount", "EventSourceMappingUUID", local.mapping_id],
    ] }
    "Writes refused by the output stream" = { statistic = "Sum", metrics = [
      ["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", local.stream_names.output],
    ] }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for title, graph in local.graphs : {
      type   = "metric"
      width  = 12
      height = 6
      properties = {
        title   = title
        region  = local.region
        view    = "timeSeries"
        period  = 60
        stat    = graph.statistic
        metrics = graph.metrics
      }
    }]
  })
}
