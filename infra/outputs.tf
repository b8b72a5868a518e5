output "input_stream" {
  description = "Name of the stream of events: `aws kinesis put-record --stream-name …`."
  value       = local.stream_names.input
}

output "output_stream" {
  description = "Name of the stream of predictions."
  value       = local.stream_names.output
}

output "model_location" {
  description = "Artifact root for MLflow: `mlflow server --default-artifact-root …`."
  value       = "s3://${join("/", compact([local.model_bucket, var.model.prefix]))}"
}

output "run_id" {
  description = "Run id of the model that is served, apart from a canary's share."
  value       = one([for function in data.aws_lambda_function.live : function.environment[0].variables["RUN_ID"]])
}

output "image" {
  description = "The image that is served, as a value for code. Null for a zip."
  value = one([for function in aws_lambda_function.predictor : {
    architecture = one(function.architectures), image_uri = function.image_uri
  } if function.image_uri != null])
}

output "function_name" {
  description = "Name of the function. Null without a run id."
  value       = one(aws_lambda_function.predictor[*].function_name)
}

output "function_version" {
  description = "The version that was published last."
  value       = one(aws_lambda_function.predictor[*].version)
}

output "live_version" {
  description = "The version that is invoked, apart from a canary's share. It is the stable_version of the next canary."
  value       = one(aws_lambda_alias.live[*].function_version)
}

output "alias_arn" {
  description = "ARN of the alias that the mapping invokes."
  value       = one(aws_lambda_alias.live[*].arn)
}

output "mapping_id" {
  description = "UUID of the event source mapping."
  value       = one(aws_lambda_event_source_mapping.input[*].uuid)
}

output "quarantine_location" {
  description = "Address of the records that can never be predicted, for `stream-predictor replay`."
  value       = "s3://${aws_s3_bucket.failures.bucket}/quarantine"
}

output "failures_location" {
  description = "Address of the batches that Lambda gave up, for `stream-predictor replay`."
  value       = "s3://${aws_s3_bucket.failures.bucket}/aws/lambda"
}

output "repository_url" {
  description = "Repository for images, for `make push REPOSITORY=…`."
  value       = aws_ecr_repository.function.repository_url
}

output "alarm_topic_arn" {
  description = "SNS topic of the alarms."
  value       = aws_sns_topic.alarms.arn
}

output "log_group" {
  description = "Name of the log group, for `aws logs tail … --follow`."
  value       = aws_cloudwatch_log_group.function.name
}
