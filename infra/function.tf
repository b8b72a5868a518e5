# The function, the alias that Lambda invokes, and the mapping from the input stream to it.

locals {
  # The function exists once there is a run id.
  deployed     = var.run_id == null ? 0 : 1
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}"

  zip_name = { arm64 = "stream-predictor-arm64.zip", x86_64 = "stream-predictor-x86-64.zip" }[var.code.architecture]
  zip      = var.code.image_uri == null ? coalesce(var.code.zip, "${path.module}/../target/package/${local.zip_name}") : null
}

resource "aws_lambda_function" "predictor" {
  #checkov:skip=CKV_AWS_50:a trace adds nothing to the log line of each batch, and needs rights on every resource (*)
  #checkov:skip=CKV_AWS_115:function.reserved_concurrency limits the concurrency; the number of shards limits it anyway
  #checkov:skip=CKV_AWS_116:for asynchronous invocations only; batches that fail go to the mapping's on-failure destination
  #checkov:skip=CKV_AWS_117:the function reaches only Kinesis and S3; in a VPC that would need endpoints or a NAT
  #checkov:skip=CKV_AWS_173:the environment holds names and no secrets; encrypted with kms_key_arn if given
  #checkov:skip=CKV_AWS_272:the plan holds the zip's hash or the image's digest
  count = local.deployed

  function_name = var.name
  description   = "Predictions for the records of ${local.stream_names.input}, by MLflow run ${var.run_id}"
  role          = aws_iam_role.function.arn

  package_type     = local.zip == null ? "Image" : "Zip"
  image_uri        = var.code.image_uri
  filename         = local.zip
  source_code_hash = local.zip == null ? null : fileexists(local.zip) ? filebase64sha256(local.zip) : null
  handler          = local.zip == null ? null : "bootstrap"
  runtime          = local.zip == null ? null : "provided.al2023"
  architectures    = [var.code.architecture]

  memory_size                    = var.function.memory_mb
  timeout                        = var.function.timeout_seconds
  reserved_concurrent_executions = var.function.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  # Each change publishes a version, which never changes. A rollback moves the alias.
  publish = true

  ephemeral_storage {
    size = var.function.storage_mb
  }

  environment {
    variables = merge({
      RUN_ID                  = var.run_id
      MODEL_BUCKET            = join("/", compact([local.model_bucket, var.model.prefix]))
      MLFLOW_EXPERIMENT_ID    = var.model.experiment_id
      PREDICTIONS_STREAM_NAME = local.stream_names.output
      QUARANTINE_LOCATION     = "s3://${aws_s3_bucket.failures.bucket}/quarantine"
    }, var.model.location == null ? {} : { MODEL_LOCATION = var.model.location })
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function.name
    # The counts of a batch are logged at INFO. Below that libraries log payloads.
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  lifecycle {
    precondition {
      condition     = local.zip == null || try(fileexists(local.zip), false)
      error_message = "${coalesce(local.zip, "The zip")} does not exist: run `make zip`, or set code.zip or code.image_uri."
    }
    precondition {
      condition     = anytrue([for keys in local.models_found : length(coalesce(keys, [])) > 0])
      error_message = "Found no model of run ${var.run_id}: nothing is below ${join(" nor ", [for prefix in local.searched : "s3://${local.model_bucket}/${prefix}"])}. Check run_id, the bucket, model.prefix and model.experiment_id."
    }
    precondition {
      condition     = var.model.location == null || try(startswith(var.model.location, "s3://${local.model_bucket}/"), true)
      error_message = "model.location: expected an address in ${local.model_bucket}, the bucket that is created. For another bucket, set model.existing."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_alias" "live" {
  count = local.deployed

  name             = "live"
  description      = "The versions that the records of the input stream go through"
  function_name    = aws_lambda_function.predictor[0].function_name
  function_version = var.canary == null ? aws_lambda_function.predictor[0].version : var.canary.stable_version

  dynamic "routing_config" {
    for_each = var.canary == null ? [] : [var.canary.share]
    content {
      additional_version_weights = { (aws_lambda_function.predictor[0].version) = routing_config.value }
    }
  }

  lifecycle {
    # A change from a zip to an image, or back, creates another function.
    replace_triggered_by = [aws_lambda_function.predictor[0].package_type]
  }
}

# What the alias really serves. An apply can be cut off between a function's new configuration and its
# version.
data "aws_lambda_function" "live" {
  count = local.deployed

  function_name = aws_lambda_alias.live[0].function_name
  qualifier     = aws_lambda_alias.live[0].function_version
}

resource "aws_lambda_event_source_mapping" "input" {
  count = local.deployed

  event_source_arn                   = local.stream_arns.input
  function_name                      = aws_lambda_alias.live[0].arn
  starting_position                  = var.mapping.starting_position
  batch_size                         = var.mapping.batch_size
  maximum_batching_window_in_seconds = var.mapping.batching_window_seconds
  parallelization_factor             = var.mapping.parallelization_factor

  # Without ReportBatchItemFailures Lambda ignores what the function reports, and counts a partly failed batch
  # as done.
  function_response_types        = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = var.mapping.maximum_retry_attempts
  maximum_record_age_in_seconds  = var.mapping.maximum_record_age_seconds

  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.failures.arn
    }
  }

  metrics_config {
    metrics = ["EventCount"]
  }
}

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:no payload is ever logged; encrypted with kms_key_arn if given
  #checkov:skip=CKV_AWS_338:function.log_retention_days sets the retention; failed records are in the failures bucket
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.function.log_retention_days
  kms_key_id        = var.kms_key_arn
}
