# A configuration that creates its stream and its bucket itself. Their names are not known in the plan.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "terraform_data" "stream" {
  input = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs"
}

resource "terraform_data" "bucket" {
  input = "models"
}

module "predictor" {
  source = "../../"

  run_id       = "0123456789abcdef0123456789abcdef"
  input_stream = { existing = { arn = terraform_data.stream.output } }
  model        = { existing = { bucket = terraform_data.bucket.output } }
  # Any file will do: the tests do not read it.
  code = { zip = "versions.tf" }
}

output "predictor" {
  description = "All outputs of the module."
  value       = module.predictor
}
