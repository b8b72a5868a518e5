# Streams and bucket that are there already, each under a key of its own, and an image by its digest.

variable "run_id" {
  description = "MLflow run id of the model."
  type        = string
  default     = null
}

variable "canary" {
  description = "A share for the version of run_id, the rest for stable_version."
  type        = object({ stable_version = string, share = number })
  default     = null
}

variable "input_stream" {
  description = "ARN of the stream of events, and of its key."
  type        = object({ arn = string, kms_key_arn = optional(string) })
}

variable "output_stream" {
  description = "ARN of the stream of predictions, and of its key."
  type        = object({ arn = string, kms_key_arn = optional(string) })
}

variable "model" {
  description = "Bucket that MLflow logs to, and its key."
  type        = object({ bucket = string, kms_key_arn = optional(string) })
}

variable "code" {
  description = "The image that `make push` printed."
  type        = object({ architecture = optional(string, "arm64"), image_uri = optional(string) })
  default     = {}
}

module "predictor" {
  source = "../.."

  name   = "predictor"
  run_id = var.run_id
  canary = var.canary

  input_stream  = { existing = var.input_stream }
  output_stream = { existing = var.output_stream }
  model         = { existing = var.model }
  code          = var.code
  # Only what comes from now on.
  mapping = { starting_position = "LATEST" }
}

output "predictor" {
  description = "All outputs of the module; `make promote` reads them."
  value       = module.predictor
}
