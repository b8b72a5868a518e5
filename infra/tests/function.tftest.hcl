# The function, its alias and the mapping.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_s3_bucket.failures
  values = { arn = "arn:aws:s3:::failures" }
}

variables {
  run_id = "0123456789abcdef0123456789abcdef"
  code   = { zip = "versions.tf" }
}

run "the_mapping_loses_nothing_and_blocks_nothing" {
  command = apply

  assert {
    condition     = aws_lambda_event_source_mapping.input[0].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "Without ReportBatchItemFailures Lambda ignores which records failed."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].maximum_retry_attempts >= 0 && aws_lambda_event_source_mapping.input[0].maximum_record_age_in_seconds >= 60
    error_message = "Endless retries block a shard."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].bisect_batch_on_function_error == true
    error_message = "A batch that fails as a whole is split."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].destination_config[0].on_failure[0].destination_arn == "arn:aws:s3:::failures"
    error_message = "Given-up batches go to the failures bucket."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].starting_position == "TRIM_HORIZON"
    error_message = "Records that are in the stream already are predicted by default."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].metrics_config[0].metrics == toset(["EventCount"])
    error_message = "The alarms need the mapping's event counts."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.input[0].function_name == aws_lambda_alias.live[0].arn
    error_message = "The mapping invokes the alias, so a promotion only moves the alias."
  }
}

run "the_function_is_small_and_versioned" {
  command = apply

  assert {
    condition     = aws_lambda_function.predictor[0].runtime == "provided.al2023" && aws_lambda_function.predictor[0].architectures == tolist(["arm64"]) && aws_lambda_function.predictor[0].package_type == "Zip"
    error_message = "The default is a zip for provided.al2023 on arm64."
  }
  assert {
    condition     = aws_lambda_function.predictor[0].publish == true && aws_lambda_alias.live[0].function_version == "7" && length(aws_lambda_alias.live[0].routing_config) == 0
    error_message = "Each change publishes a version, and the alias points to the last one."
  }
  assert {
    condition = aws_lambda_function.predictor[0].environment[0].variables == tomap({
      RUN_ID                  = "0123456789abcdef0123456789abcdef"
      MODEL_BUCKET            = "stream-predictor-models-123456789012-eu-west-1"
      MLFLOW_EXPERIMENT_ID    = "1"
      PREDICTIONS_STREAM_NAME = "stream-predictor-predictions"
      QUARANTINE_LOCATION     = "s3://stream-predictor-failures-123456789012-eu-west-1/quarantine"
    })
    error_message = "The environment configures the function."
  }
  assert {
    condition     = aws_lambda_function.predictor[0].logging_config[0].log_format == "JSON" && aws_lambda_function.predictor[0].logging_config[0].application_log_level == "INFO" && aws_lambda_function.predictor[0].logging_config[0].log_group == aws_cloudwatch_log_group.function.name
    error_message = "The count of quarantined records comes from JSON lines in the function's log group."
  }
  assert {
    condition     = output.run_id == "fedcba9876543210fedcba9876543210" && output.image == null
    error_message = "The served run id is the one of the alias's version."
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 30
    error_message = "Logs expire."
  }
}

run "an_image_is_run_by_its_digest" {
  command = apply

  variables {
    code = { image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/stream-predictor@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  }

  assert {
    condition     = aws_lambda_function.predictor[0].package_type == "Image" && aws_lambda_function.predictor[0].runtime == null && aws_lambda_function.predictor[0].handler == null
    error_message = "An image has neither runtime nor handler."
  }
}

run "a_canary_has_its_share" {
  command = apply

  variables {
    canary = { stable_version = "6", share = 0.1 }
  }

  assert {
    condition     = aws_lambda_alias.live[0].function_version == "6" && aws_lambda_alias.live[0].routing_config[0].additional_version_weights == tomap({ "7" = 0.1 })
    error_message = "The new version gets a tenth of the invocations, and the stable one the rest."
  }
}

run "without_a_run_id_all_but_the_function_is_made" {
  command = apply

  variables {
    run_id = null
    code   = {}
  }

  assert {
    condition     = length(aws_lambda_function.predictor) + length(aws_lambda_alias.live) + length(aws_lambda_event_source_mapping.input) == 0
    error_message = "The function needs a run id."
  }
  assert {
    condition     = length(aws_kinesis_stream.made) == 2 && length(aws_s3_bucket.model) == 1 && !contains(keys(aws_cloudwatch_metric_alarm.this), "dropped")
    error_message = "Streams and buckets exist before the first model."
  }
}
