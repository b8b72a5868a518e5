# The module, used by another configuration, on a local stack at AWS_ENDPOINT_URL.

variable "run_id" {
  type    = string
  default = null
}

variable "canary" {
  type    = object({ stable_version = string, share = number })
  default = null
}

variable "input_stream" {
  type    = object({ existing = optional(object({ arn = string })), name = optional(string), shards = optional(number) })
  default = { name = "ride_events", shards = 1 }
}

variable "model" {
  type    = object({ existing = optional(object({ bucket = string })) })
  default = {}
}

variable "zip" {
  type    = string
  default = "../../../target/test-package/stream-predictor-x86-64.zip"
}

provider "aws" {
  # Bucket names as host names would need DNS.
  s3_use_path_style = true
}

module "predictor" {
  source = "../../../infra"

  name          = "rides"
  run_id        = var.run_id
  canary        = var.canary
  input_stream  = var.input_stream
  output_stream = { name = "ride_predictions", shards = 1 }
  model         = var.model
  code          = { architecture = "x86_64", zip = var.zip }
}

output "predictor" {
  value = module.predictor
}
