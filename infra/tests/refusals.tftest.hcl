# Mistakes that a plan refuses, each with a line that says why.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  run_id = "0123456789abcdef0123456789abcdef"
  code   = { zip = "versions.tf" }
}

run "a_run_id_has_32_digits" {
  command = plan

  variables {
    run_id = "latest"
  }

  expect_failures = [var.run_id]
}

run "a_name_fits_a_bucket" {
  command = plan

  variables {
    name = "Stream_Predictor"
  }

  expect_failures = [var.name]
}

run "retries_end" {
  command = plan

  variables {
    mapping = { maximum_retry_attempts = -1 }
  }

  expect_failures = [var.mapping]
}

run "records_grow_old" {
  command = plan

  variables {
    mapping = { maximum_record_age_seconds = -1 }
  }

  expect_failures = [var.mapping]
}

run "records_are_given_up_before_they_expire" {
  command = plan

  variables {
    mapping = { maximum_record_age_seconds = 90000 }
  }

  expect_failures = [var.mapping]
}

run "a_batch_has_10000_records_at_most" {
  command = plan

  variables {
    mapping = { batch_size = 10001 }
  }

  expect_failures = [var.mapping]
}

run "a_batch_of_more_than_10_needs_a_window" {
  command = plan

  variables {
    mapping = { batching_window_seconds = 0 }
  }

  expect_failures = [var.mapping]
}

run "parallelization_ends_at_10" {
  command = plan

  variables {
    mapping = { parallelization_factor = 11 }
  }

  expect_failures = [var.mapping]
}

run "a_position_is_one_of_two" {
  command = plan

  variables {
    mapping = { starting_position = "AT_TIMESTAMP" }
  }

  expect_failures = [var.mapping]
}

run "an_image_has_a_digest" {
  command = plan

  variables {
    code = { image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/stream-predictor:latest" }
  }

  expect_failures = [var.code]
}

run "an_architecture_is_one_of_two" {
  command = plan

  variables {
    code = { zip = "versions.tf", architecture = "x86-64" }
  }

  expect_failures = [var.code]
}

run "a_stream_is_told_by_its_arn" {
  command = plan

  variables {
    input_stream = { existing = { arn = "ride_events" } }
  }

  expect_failures = [var.input_stream]
}

run "predictions_are_not_predicted" {
  command = plan

  variables {
    input_stream  = { existing = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs" } }
    output_stream = { existing = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs" } }
  }

  expect_failures = [var.output_stream]
}

run "a_stream_is_in_the_region_of_the_function" {
  command = plan

  variables {
    input_stream = { existing = { arn = "arn:aws:kinesis:us-east-1:123456789012:stream/theirs" } }
  }

  expect_failures = [data.aws_kinesis_stream.existing["input"]]
}

run "a_stream_is_the_one_of_its_arn" {
  command = plan

  variables {
    input_stream = { existing = { arn = "arn:aws:kinesis:eu-west-1:210987654321:stream/theirs" } }
  }

  expect_failures = [data.aws_kinesis_stream.existing["input"]]
}

run "a_model_prefix_has_no_wildcard" {
  command = plan

  variables {
    model = { prefix = "*" }
  }

  expect_failures = [var.model]
}

run "a_canary_is_a_share" {
  command = plan

  variables {
    canary = { stable_version = "6", share = 1 }
  }

  expect_failures = [var.canary]
}

run "a_zip_is_there" {
  command = plan

  variables {
    code = { zip = "nowhere.zip" }
  }

  expect_failures = [aws_lambda_function.predictor[0]]
}

run "a_location_is_in_the_bucket" {
  command = plan

  variables {
    model = { existing = { bucket = "models" }, location = "s3://others/1/rides" }
  }

  expect_failures = [var.model]
}

run "a_location_is_in_the_bucket_that_is_made" {
  command = plan

  variables {
    model = { location = "s3://others/1/rides" }
  }

  expect_failures = [aws_lambda_function.predictor[0]]
}

run "a_bucket_has_a_model" {
  command = plan

  variables {
    model = { existing = { bucket = "models" } }
  }

  override_data {
    target = data.aws_s3_objects.existing
    values = { keys = [] }
  }

  expect_failures = [aws_lambda_function.predictor[0]]
}

# This run comes last, because it leaves a bucket behind.
run "a_bucket_that_is_made_has_a_model" {
  command = apply

  override_data {
    target = data.aws_s3_objects.made
    values = { keys = [] }
  }

  expect_failures = [aws_lambda_function.predictor[0]]
}
