# Streams and a bucket that exist already, each with its own key, and an image by its digest.

variable "run_id" {
  description = "MLflow run id of the model."
  type        = string
  default     = null
}

variable "canary" {
  description = "Gives the version of run_id a share of the invocations, and the rest to stable_version."
  type        = object({ stable_version = string, share = number })
  default     = null
}

variable "input_stream" {
  description = "ARNs of the stream of events and of its key."
  type        = object({ arn = string, kms_key_arn = optional(string) })
}

variable "output_stream" {
  description = "ARNs of the stream of predictions and of its key."
  type        = object({ arn = string, kms_key_arn = optional(string) })
}

variable "model" {
  description = "Bucket that MLflow logs to, and the ARN of its key."
  type        = object({ bucket = string, kms_key_arn = optional(string) })
}

variable "code" {
  description = "The image whose address `make push` printed."
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
  # Begin with new records.
  mapping = { starting_position = "LATEST" }
}

output "predictor" {
  description = "All outputs of the module; `make promote` reads them."
  value       = module.predictor
}
