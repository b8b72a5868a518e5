# The module as a part of a configuration that creates its stream and its bucket.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "streams_and_bucket_may_be_made_beside_it" {
  command = apply

  module {
    source = "./tests/caller"
  }
  providers = {
    aws = aws
  }

  assert {
    condition     = output.predictor.input_stream == "theirs" && output.predictor.model_location == "s3://models"
    error_message = "The module uses the resources that its caller creates."
  }
}
